//! What a line of SMTP means when it is not a command, and what to say to one that is none.

use smtp_proto::Error;

/// Whether an AUTH PLAIN response names this user, RFC 4616. Sending needs no
/// sign-in; one that is tried must be right.
pub(super) fn signs_in(response: &[u8], user: &str, password: &str) -> bool {
    let decoded = mail_parser::decoders::base64::base64_decode(response).unwrap_or_default();
    let mut fields = decoded.split(|octet| *octet == 0).skip(1);
    let (given_user, given_password, more) = (fields.next(), fields.next(), fields.next());
    given_user == Some(user.as_bytes())
        && given_password == Some(password.as_bytes())
        && more.is_none()
}

/// The answer to a line that is no command.
pub(super) fn mistake(error: &Error) -> String {
    match error {
        Error::UnknownCommand => "500 5.5.1 There is no such command".to_owned(),
        Error::InvalidSenderAddress => "501 5.1.7 The sender's address is not valid".to_owned(),
        Error::InvalidRecipientAddress => {
            "501 5.1.3 The recipient's address is not valid".to_owned()
        }
        Error::SyntaxError { syntax } => format!("501 5.5.2 The form is: {syntax}"),
        Error::InvalidParameter { param } => {
            format!("501 5.5.4 The parameter {param} is not valid")
        }
        // Not repeated: it is the stranger's text.
        Error::UnsupportedParameter { .. } => {
            "555 5.5.4 A parameter is not offered here".to_owned()
        }
        _ => "500 5.5.2 The line cannot be read".to_owned(),
    }
}
