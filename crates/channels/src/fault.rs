//! What can be wrong with a carrier's configuration, in words for whoever wrote it.
//! Faults of single messages are [`crate::Outcome`]s and never come here.

/// A carrier cannot be started like this.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A setting that cannot be used.
    #[error("carrier `{carrier}`: `{setting}` {problem}")]
    Setting {
        /// The carrier's name.
        carrier: String,
        /// The setting, as it is called in its config struct.
        setting: &'static str,
        /// What is wrong with it, to be read after its name.
        problem: String,
    },
    /// A signing key that cannot be read.
    #[error("DKIM key: {0}")]
    Key(String),
    /// Certificates that cannot be read.
    #[error("trusted certificates: {0}")]
    Certificates(String),
}
