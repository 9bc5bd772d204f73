//! One SMTP connection as a state machine: octets in, answers out, RFC 5321.
//!
//! No socket, no clock, no faults of its own; `socket.rs` feeds it and acts on its
//! steps. Whatever a stranger sends, it answers or closes: it never panics and
//! never holds more than its limits.

use std::borrow::Cow;
use std::sync::Arc;

use memchr::memchr;
use smtp_proto::{AUTH_PLAIN, MAIL_SMTPUTF8, MailFrom, RcptTo, Request};

use super::data::{Data, DataStep};
use super::words::{mistake, signs_in};

/// The longest command line taken, with its CRLF.
const LONGEST_COMMAND: usize = 4096;
/// After so many mistakes the connection closes.
const MOST_MISTAKES: u32 = 100;

/// What the server offers and allows.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) name: String,
    pub(super) starttls: bool,
    pub(super) user: String,
    pub(super) password: String,
    pub(super) max_size: usize,
    pub(super) max_recipients: usize,
}

/// What the connection needs next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// More octets.
    Read,
    /// A whole mail stands in [`Connection::mail`]; answer it with [`Connection::answer_mail`].
    Mail,
    /// The TLS handshake, after the answers so far have left.
    StartTls,
    /// To be closed, after the answers so far have left.
    Close,
}

/// A whole mail with its envelope.
#[derive(Clone, Copy, Debug)]
pub(super) struct TakenMail<'a> {
    pub(super) from: &'a str,
    pub(super) to: &'a [String],
    pub(super) raw: &'a [u8],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Commands,
    AuthReply,
    Data,
    Taken,
}

/// The state of one connection.
#[derive(Debug)]
pub(super) struct Connection {
    settings: Arc<Settings>,
    input: Vec<u8>,
    used: usize,
    stage: Stage,
    greeted: bool,
    encrypted: bool,
    from: Option<String>,
    to: Vec<String>,
    data: Data,
    mistakes: u32,
    refused: u64,
}

impl Connection {
    pub(super) fn new(settings: Arc<Settings>) -> Self {
        Self {
            settings,
            input: Vec::new(),
            used: 0,
            stage: Stage::Commands,
            greeted: false,
            encrypted: false,
            from: None,
            to: Vec::new(),
            data: Data::default(),
            mistakes: 0,
            refused: 0,
        }
    }

    /// The first line a client reads.
    pub(super) fn greet(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(
            format!("220 {} ESMTP Tidings sandbox\r\n", self.settings.name).as_bytes(),
        );
    }

    /// Where the next octets go; call [`Connection::step`] after adding some.
    pub(super) fn input(&mut self) -> &mut Vec<u8> {
        if self.used > 0 {
            self.input.drain(..self.used);
            self.used = 0;
        }
        &mut self.input
    }

    /// After the TLS handshake everything begins anew, RFC 3207 §4.2.
    pub(super) fn is_encrypted_now(&mut self) {
        self.encrypted = true;
        self.greeted = false;
        self.reset();
    }

    /// How many mails and recipients were refused since the last call.
    pub(super) fn take_refused(&mut self) -> u64 {
        std::mem::take(&mut self.refused)
    }

    /// The mail of [`Step::Mail`].
    pub(super) fn mail(&self) -> TakenMail<'_> {
        TakenMail {
            from: self.from.as_deref().unwrap_or_default(),
            to: &self.to,
            raw: self.data.raw(),
        }
    }

    /// Answers the mail of [`Step::Mail`] with one line, CRLF included.
    pub(super) fn answer_mail(&mut self, answer: &str, out: &mut Vec<u8>) {
        if !answer.starts_with('2') {
            self.refused += 1;
        }
        out.extend_from_slice(answer.as_bytes());
        self.reset();
    }

    fn reset(&mut self) {
        self.stage = Stage::Commands;
        self.from = None;
        self.to.clear();
        self.data.finish();
    }

    /// Works through the input until something is needed from outside.
    /// `known` says whether a recipient exists.
    pub(super) fn step(&mut self, known: &dyn Fn(&str) -> bool, out: &mut Vec<u8>) -> Step {
        // Taken out so that lines can be borrowed while the state changes.
        let input = std::mem::take(&mut self.input);
        let step = loop {
            let rest = &input[self.used..];
            let step = match self.stage {
                Stage::Data => self.read_data(rest, out),
                Stage::Commands | Stage::AuthReply => self.read_line(rest, known, out),
                Stage::Taken => Some(Step::Mail),
            };
            if let Some(step) = step {
                break step;
            }
        };
        self.input = input;
        if step == Step::StartTls && self.used < self.input.len() {
            // Sent in plain text in the hope of being read after the handshake.
            answer(
                out,
                "503 5.5.1 Nothing may follow STARTTLS before the handshake",
            );
            return Step::Close;
        }
        step
    }

    fn read_data(&mut self, rest: &[u8], out: &mut Vec<u8>) -> Option<Step> {
        let (used, step) = self.data.read(rest);
        self.used += used;
        match step {
            DataStep::More => Some(Step::Read),
            DataStep::Done if self.data.is_too_big() => {
                let limit = self.settings.max_size;
                self.answer_mail(
                    &format!("552 5.3.4 The mail is longer than {limit} octets\r\n"),
                    out,
                );
                None
            }
            DataStep::Done => {
                self.stage = Stage::Taken;
                Some(Step::Mail)
            }
            DataStep::BareLineEnd => {
                self.refused += 1;
                answer(
                    out,
                    "521 5.5.2 Every line must end with CR LF, and neither may stand alone",
                );
                Some(Step::Close)
            }
            DataStep::TooLong => {
                self.refused += 1;
                answer(out, "500 5.5.2 The line or the mail is far too long");
                Some(Step::Close)
            }
        }
    }

    fn read_line(
        &mut self,
        rest: &[u8],
        known: &dyn Fn(&str) -> bool,
        out: &mut Vec<u8>,
    ) -> Option<Step> {
        let Some(end) = memchr(b'\n', rest) else {
            if rest.len() < LONGEST_COMMAND {
                return Some(Step::Read);
            }
            answer(out, "500 5.5.2 The line is too long");
            return Some(Step::Close);
        };
        let line = &rest[..=end];
        self.used += line.len();
        let text = line.strip_suffix(b"\r\n");
        if line.len() > LONGEST_COMMAND || text.is_none_or(|text| memchr(b'\r', text).is_some()) {
            answer(
                out,
                "521 5.5.2 A line must end with CR LF and have at most 4096 octets",
            );
            return Some(Step::Close);
        }
        let before = out.len();
        let step = if self.stage == Stage::AuthReply {
            self.stage = Stage::Commands;
            self.authenticate(text.unwrap_or_default(), out);
            None
        } else {
            self.command(line, known, out)
        };
        // A mail that is refused is no mistake; a line that makes no sense is.
        if out[before..].starts_with(b"50") {
            self.mistakes += 1;
            if self.mistakes > MOST_MISTAKES {
                answer(out, "421 4.7.0 Too many mistakes on one connection");
                return Some(Step::Close);
            }
        }
        step
    }

    fn command(
        &mut self,
        line: &[u8],
        known: &dyn Fn(&str) -> bool,
        out: &mut Vec<u8>,
    ) -> Option<Step> {
        let request = match Request::parse(&mut line.iter()) {
            Ok(request) => request,
            Err(error) => {
                answer(out, &mistake(&error));
                return None;
            }
        };
        match request {
            Request::Ehlo { .. } => self.ehlo(out),
            Request::Helo { .. } => {
                self.reset();
                self.greeted = true;
                answer(out, &format!("250 {}", self.settings.name));
            }
            Request::Mail { from } => self.mail_from(&from, out),
            Request::Rcpt { to } => self.rcpt_to(&to, known, out),
            Request::Data if self.to.is_empty() => {
                answer(out, "503 5.5.1 RCPT TO comes before DATA")
            }
            Request::Data => {
                self.data.start(self.settings.max_size);
                self.stage = Stage::Data;
                answer(out, "354 Go ahead, and end with a dot on a line by itself");
            }
            Request::Rset => {
                self.reset();
                answer(out, "250 2.0.0 Forgotten");
            }
            Request::Noop { .. } => answer(out, "250 2.0.0 Done nothing"),
            Request::Vrfy { .. } => answer(out, "252 2.5.2 Send it and see"),
            Request::Help { .. } => answer(out, "214 2.0.0 EHLO MAIL RCPT DATA RSET NOOP QUIT"),
            Request::StartTls if !self.settings.starttls || self.encrypted => {
                answer(out, "503 5.5.1 TLS is not offered here");
            }
            Request::StartTls => {
                answer(out, "220 2.0.0 Begin the handshake");
                return Some(Step::StartTls);
            }
            Request::Auth {
                mechanism,
                initial_response,
            } => self.auth(mechanism, &initial_response, out),
            // Its octets would be read as commands.
            Request::Bdat { .. } => {
                answer(out, "502 5.5.1 BDAT is not offered here");
                return Some(Step::Close);
            }
            Request::Quit => {
                answer(out, "221 2.0.0 Goodbye");
                return Some(Step::Close);
            }
            _ => answer(out, "502 5.5.1 That command is not offered here"),
        }
        None
    }

    fn ehlo(&mut self, out: &mut Vec<u8>) {
        self.reset();
        self.greeted = true;
        let Settings { name, max_size, .. } = &*self.settings;
        let starttls = if self.settings.starttls && !self.encrypted {
            "250-STARTTLS\r\n"
        } else {
            ""
        };
        let lines = format!(
            "250-{name}\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SIZE {max_size}\r\n{starttls}250-AUTH PLAIN\r\n250 ENHANCEDSTATUSCODES"
        );
        answer(out, &lines);
    }

    fn mail_from(&mut self, from: &MailFrom<Cow<'_, str>>, out: &mut Vec<u8>) {
        let refusal = if !self.greeted {
            "503 5.5.1 EHLO comes first"
        } else if self.from.is_some() {
            "503 5.5.1 One mail at a time; RSET forgets this one"
        } else if from.flags & MAIL_SMTPUTF8 != 0 {
            "555 5.5.4 SMTPUTF8 is not offered here"
        } else if !from.address.is_ascii() {
            "553 5.6.7 The address must be in ASCII"
        } else if from.size > self.settings.max_size {
            self.refused += 1;
            "552 5.3.4 The mail is too long"
        } else {
            self.from = Some(from.address.clone().into_owned());
            "250 2.1.0 Sender taken"
        };
        answer(out, refusal);
    }

    fn rcpt_to(
        &mut self,
        to: &RcptTo<Cow<'_, str>>,
        known: &dyn Fn(&str) -> bool,
        out: &mut Vec<u8>,
    ) {
        let refusal = if self.from.is_none() {
            "503 5.5.1 MAIL FROM comes before RCPT TO"
        } else if to.address.is_empty() || !to.address.is_ascii() {
            "553 5.1.3 The address must be in ASCII and not empty"
        } else if self.to.len() >= self.settings.max_recipients {
            "452 4.5.3 Too many recipients in one mail"
        } else if !known(&to.address) {
            self.refused += 1;
            "550 5.1.1 No such mailbox here"
        } else {
            self.to.push(to.address.clone().into_owned());
            "250 2.1.5 Recipient taken"
        };
        answer(out, refusal);
    }

    fn auth(&mut self, mechanism: u64, initial: &str, out: &mut Vec<u8>) {
        if !self.greeted || self.from.is_some() {
            answer(out, "503 5.5.1 AUTH comes after EHLO and before MAIL FROM");
        } else if mechanism != AUTH_PLAIN {
            answer(out, "504 5.5.4 Only AUTH PLAIN is offered here");
        } else if initial.is_empty() {
            self.stage = Stage::AuthReply;
            answer(out, "334 ");
        } else {
            self.authenticate(initial.as_bytes(), out);
        }
    }

    fn authenticate(&self, response: &[u8], out: &mut Vec<u8>) {
        let right = signs_in(response, &self.settings.user, &self.settings.password);
        let words = if right {
            "235 2.7.0 Welcome"
        } else {
            "535 5.7.8 User name or password is wrong"
        };
        answer(out, words);
    }
}

fn answer(out: &mut Vec<u8>, line: &str) {
    out.extend_from_slice(line.as_bytes());
    out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
#[path = "connection_tests.rs"]
mod tests;
