//! Personal data does not print itself: `Debug` shows the type's name and nothing else.

/// Gives a type a `Debug` that prints its name only. It gets no `Display`: showing one is deliberate.
#[macro_export]
macro_rules! redact_debug {
    ($($name:ty),+ $(,)?) => {$(
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "(redacted)"))
            }
        }
    )+};
}
