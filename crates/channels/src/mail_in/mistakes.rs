//! What a stranger hears who says what is no command.

use smtp_proto::Error;

/// The answer to a line that is no command. Never repeats what the stranger wrote.
pub(super) fn mistake(error: &Error) -> &'static str {
    match error {
        Error::UnknownCommand => "500 5.5.1 There is no such command",
        Error::InvalidSenderAddress => "501 5.1.7 The sender's address is not valid",
        Error::InvalidRecipientAddress => "501 5.1.3 The recipient's address is not valid",
        Error::SyntaxError { .. } => "501 5.5.2 The command has another form",
        Error::InvalidParameter { .. } => "501 5.5.4 A parameter is not valid",
        Error::UnsupportedParameter { .. } => "555 5.5.4 A parameter is not offered here",
        _ => "500 5.5.2 The line cannot be read",
    }
}
