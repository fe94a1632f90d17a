//! Rebuilds when framework data or templates change: they are embedded in the binary, and a new file in a
//! folder would otherwise go unnoticed.

fn main() {
    for folder in ["frameworks", "templates"] {
        println!("cargo::rerun-if-changed={folder}");
    }
}
