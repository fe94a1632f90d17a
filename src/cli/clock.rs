//! What comes from the machine rather than from the user or the files. Nothing here may reach an output.

/// Whether the user's environment allows colours (<https://no-color.org>).
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the one place where the environment is read")]
pub fn color_allowed() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}
