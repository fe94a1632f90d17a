//! One DataFusion session and the threads that it runs on.

use std::path::Path;
use std::sync::Arc;

use datafusion::dataframe::DataFrame;
use datafusion::execution::context::{SessionConfig, SessionContext};
use datafusion::prelude::ParquetReadOptions;
use tokio::runtime::{Builder, Runtime};

use super::{Error, failed};

/// A DataFusion session; all results come back to the calling thread.
pub struct Engine {
    pub(super) context: SessionContext,
    pub(super) runtime: Arc<Runtime>,
}

impl Engine {
    /// A session on all cores.
    ///
    /// # Errors
    /// When the system gives no threads.
    pub fn new() -> Result<Self, Error> {
        let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let runtime = Builder::new_multi_thread()
            .worker_threads(threads)
            .thread_name("rungs")
            .build()
            .map_err(|source| Error::Io { path: "threads".into(), source })?;
        let mut config = SessionConfig::new().with_target_partitions(threads).with_information_schema(false);
        let options = config.options_mut();
        // Views declare plain text columns; string views would cast them on every scan.
        options.execution.parquet.schema_force_view_types = false;
        options.sql_parser.map_string_types_to_utf8view = false;
        // What is not known stands last, whichever way a query sorts.
        "nulls_last".clone_into(&mut options.sql_parser.default_null_ordering);
        options.execution.parquet.pushdown_filters = false;
        options.optimizer.prefer_hash_join = true;
        Ok(Self { context: SessionContext::new_with_config(config), runtime: Arc::new(runtime) })
    }

    pub(super) fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    /// A Parquet file, or folder of them, as a table of the session.
    pub(super) async fn register(&self, name: &str, path: &Path) -> Result<(), Error> {
        let path = path.to_string_lossy();
        self.context
            .register_parquet(name, path.as_ref(), ParquetReadOptions::default())
            .await
            .map_err(failed(format!("cannot read `{path}`")))
    }

    /// A view that was filled before, or that a benchmark made.
    ///
    /// # Errors
    /// When the file is no Parquet.
    pub fn open_view(&self, name: &str, path: &Path) -> Result<(), Error> {
        self.block_on(self.register(name, path))
    }

    pub(super) async fn table(&self, name: &str) -> Result<DataFrame, Error> {
        self.context.table(name).await.map_err(failed(format!("there is no table `{name}`")))
    }
}
