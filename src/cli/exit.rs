//! Exit codes, the same for every command. The reference page on them is written from this list.

macro_rules! exits {
    ($($variant:ident $code:literal $about:literal;)*) => {
        /// How a command ended.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Exit {
            $(#[doc = $about] $variant,)*
        }

        impl Exit {
            /// Every way to end, by code.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The number that the process ends with.
            #[must_use]
            pub fn code(self) -> u8 {
                match self { $(Self::$variant => $code,)* }
            }

            /// What it means, in words.
            #[must_use]
            pub fn about(self) -> &'static str {
                match self { $(Self::$variant => $about,)* }
            }
        }
    };
}

exits! {
    Done 0 "Done.";
    GateNotMet 1 "A gate, or a check of the user's own files, was not met.";
    BadInput 2 "Wrong usage, configuration or input; nothing was written.";
    Incomplete 3 "Done, but a source failed or a check erred.";
    Internal 4 "A fault of the program.";
}
