//! One connection of a mail server as a state machine: octets in, answers and mails out.
//! SMTP (RFC 5321) for the internet, LMTP (RFC 2033) for a mail server in front of us.
//!
//! No socket, no clock. It takes mail for addresses of ours and nothing else, so it can
//! relay for nobody. Whatever a stranger sends, it answers or closes.

use std::borrow::Cow;
use std::sync::Arc;

use memchr::memchr;
use smtp_proto::{MAIL_SMTPUTF8, MailFrom, RcptTo, Request};

use super::address::{Address, Addresses};
use super::data::{Data, Heard};
use super::mistakes::mistake;

/// The longest command line taken, with its CRLF.
const LONGEST_COMMAND: usize = 4_096;
/// Recipients of one mail (RFC 5321 §4.5.3.1.8).
const MOST_RECIPIENTS: usize = 100;
/// After so many addresses that are not ours, a connection is over: somebody is guessing.
const MOST_UNKNOWN: u32 = 20;
/// After so many lines that make no sense, too.
const MOST_MISTAKES: u32 = 20;
/// A mail that so many servers had is going round in circles (RFC 5321 §6.3).
const MOST_HOPS: usize = 50;

/// What is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// With anybody.
    Smtp,
    /// With our own mail server: an answer for each recipient.
    Lmtp,
}

/// What a server offers.
#[derive(Clone, Debug)]
pub struct Offer {
    /// How it calls itself.
    pub name: String,
    /// The addresses it takes mail for.
    pub addresses: Addresses,
    /// It can speak TLS.
    pub starttls: bool,
    /// Octets of a mail.
    pub max_size: usize,
}

/// What a session needs next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// More octets.
    Read,
    /// A whole mail: see [`Session::mail`], then call [`Session::answer`].
    Mail,
    /// The TLS handshake, after the answers so far have left.
    StartTls,
    /// To be closed, after the answers so far have left.
    Close,
}

/// A whole mail with what its envelope says.
#[derive(Clone, Copy, Debug)]
pub struct TakenMail<'a> {
    /// The sender is `<>`: nobody wants an answer (RFC 5321 §4.5.5).
    pub null_sender: bool,
    /// Whom it is for, at least one.
    pub to: &'a [Address],
    /// The mail, or as much of its beginning as is kept.
    pub raw: &'a [u8],
    /// Whether that is all of it.
    pub whole: bool,
    /// How the client called itself.
    pub helo: &'a str,
    /// The envelope sender; empty for `<>`.
    pub from: &'a str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Commands,
    Data,
    Taken,
}

/// The state of one connection.
#[derive(Debug)]
pub struct Session {
    offer: Arc<Offer>,
    protocol: Protocol,
    input: Vec<u8>,
    used: usize,
    stage: Stage,
    greeted: bool,
    encrypted: bool,
    /// How the client calls itself.
    helo: String,
    /// The sender, empty for `<>`; none before MAIL FROM.
    from: Option<String>,
    to: Vec<Address>,
    data: Data,
    unknown: u32,
    mistakes: u32,
}

impl Session {
    /// A connection that was just opened.
    pub fn new(offer: Arc<Offer>, protocol: Protocol) -> Self {
        Self {
            offer,
            protocol,
            input: Vec::new(),
            used: 0,
            stage: Stage::Commands,
            greeted: false,
            encrypted: false,
            helo: String::new(),
            from: None,
            to: Vec::new(),
            data: Data::default(),
            unknown: 0,
            mistakes: 0,
        }
    }

    /// The first line a client reads.
    pub fn greet(&self, out: &mut Vec<u8>) {
        let name = &self.offer.name;
        say(out, &format!("220 {name} {} Tidings", self.word()));
    }

    fn word(&self) -> &'static str {
        match self.protocol {
            Protocol::Smtp => "ESMTP",
            Protocol::Lmtp => "LMTP",
        }
    }

    /// Where the next octets go; call [`Session::step`] after adding some.
    pub fn input(&mut self) -> &mut Vec<u8> {
        self.input.drain(..self.used);
        self.used = 0;
        &mut self.input
    }

    /// The handshake is over: everything begins anew (RFC 3207 §4.2).
    pub fn encrypted(&mut self) {
        self.encrypted = true;
        self.greeted = false;
        self.reset();
    }

    /// The mail of [`Step::Mail`].
    pub fn mail(&self) -> TakenMail<'_> {
        let from = self.from.as_deref().unwrap_or_default();
        TakenMail {
            null_sender: from.is_empty(),
            to: &self.to,
            raw: self.data.raw(),
            whole: self.data.is_whole(),
            helo: &self.helo,
            from,
        }
    }

    /// Answers the mail of [`Step::Mail`]: for each recipient, in order, whether what it
    /// says is kept for good.
    pub fn answer(&mut self, kept: &[bool], out: &mut Vec<u8>) {
        let word = |kept| match kept {
            true => "250 2.0.0 Kept",
            false => "451 4.3.0 It could not be kept; try again later",
        };
        match self.protocol {
            Protocol::Smtp => say(out, word(kept.iter().all(|kept| *kept))),
            Protocol::Lmtp => kept.iter().for_each(|kept| say(out, word(*kept))),
        }
        self.reset();
    }

    /// Refuses the mail as a whole: one answer, or one for each recipient (RFC 2033 §4.2).
    fn refuse(&mut self, words: &str, out: &mut Vec<u8>) {
        let answers = match self.protocol {
            Protocol::Smtp => 1,
            Protocol::Lmtp => self.to.len(),
        };
        (0..answers).for_each(|_| say(out, words));
        self.reset();
    }

    fn reset(&mut self) {
        self.stage = Stage::Commands;
        self.from = None;
        self.to.clear();
        self.data = Data::default();
    }

    /// Works through the input until something is needed from outside.
    pub fn step(&mut self, out: &mut Vec<u8>) -> Step {
        // Taken out so that lines can be borrowed while the state changes.
        let input = std::mem::take(&mut self.input);
        let step = loop {
            let rest = &input[self.used..];
            let step = match self.stage {
                Stage::Commands => self.line(rest, out),
                Stage::Data => self.hear(rest, out),
                Stage::Taken => Some(Step::Mail),
            };
            if let Some(step) = step {
                break step;
            }
        };
        self.input = input;
        if step == Step::StartTls {
            // What came in the clear behind it was written by who knows whom, in the hope
            // of being read as if it had been encrypted.
            self.used = self.input.len();
        }
        step
    }

    fn hear(&mut self, rest: &[u8], out: &mut Vec<u8>) -> Option<Step> {
        let limit = self.offer.max_size;
        let (used, heard) = self.data.hear(rest, limit);
        self.used += used;
        match heard {
            Heard::More => return Some(Step::Read),
            Heard::Done if self.data.size() > limit => {
                self.refuse(
                    &format!("552 5.3.4 The mail has more than {limit} octets"),
                    out,
                );
            }
            Heard::Done if self.data.hops() > MOST_HOPS => {
                self.refuse("554 5.4.6 The mail goes round in circles", out);
            }
            Heard::Done => self.stage = Stage::Taken,
            Heard::BareLineEnd => {
                let words = "521 5.5.2 Every line ends in CR LF, and neither stands alone";
                say(out, words);
                return Some(Step::Close);
            }
            Heard::TooLong => {
                say(out, "552 5.3.4 The line or the mail is far too long");
                return Some(Step::Close);
            }
        }
        None
    }

    fn line(&mut self, rest: &[u8], out: &mut Vec<u8>) -> Option<Step> {
        let Some(end) = memchr(b'\n', rest) else {
            if rest.len() < LONGEST_COMMAND {
                return Some(Step::Read);
            }
            say(out, "500 5.5.2 The line is too long");
            return Some(Step::Close);
        };
        let line = &rest[..=end];
        self.used += line.len();
        let text = line.strip_suffix(b"\r\n");
        let whole = text.is_some_and(|text| memchr(b'\r', text).is_none());
        if !whole || line.len() > LONGEST_COMMAND {
            say(out, "521 5.5.2 A line ends in CR LF and is not that long");
            return Some(Step::Close);
        }
        let before = out.len();
        let step = match Request::parse(&mut line.iter()) {
            Ok(request) => self.command(request, out),
            Err(error) => {
                say(out, mistake(&error));
                None
            }
        };
        if out[before..].starts_with(b"50") {
            self.mistakes += 1;
        }
        if step.is_none() && (self.mistakes > MOST_MISTAKES || self.unknown > MOST_UNKNOWN) {
            say(out, "421 4.7.0 Too many mistakes on one connection");
            return Some(Step::Close);
        }
        step
    }

    fn command(&mut self, request: Request<Cow<'_, str>>, out: &mut Vec<u8>) -> Option<Step> {
        match (request, self.protocol) {
            (Request::Ehlo { host }, Protocol::Smtp) | (Request::Lhlo { host }, Protocol::Lmtp) => {
                self.helo = host.into_owned();
                self.hello(out);
            }
            (Request::Helo { host }, Protocol::Smtp) => {
                self.helo = host.into_owned();
                self.reset();
                self.greeted = true;
                say(out, &format!("250 {}", self.offer.name));
            }
            (Request::Mail { from }, _) => say(out, self.mail_from(&from)),
            (Request::Rcpt { to }, _) => say(out, self.rcpt_to(&to)),
            (Request::Data, _) if self.to.is_empty() => {
                say(out, "503 5.5.1 RCPT TO comes before DATA");
            }
            (Request::Data, _) => {
                self.data.start();
                self.stage = Stage::Data;
                say(out, "354 Go ahead, and end with a dot on a line by itself");
            }
            (Request::Rset, _) => {
                self.reset();
                say(out, "250 2.0.0 Forgotten");
            }
            (Request::Noop { .. }, _) => say(out, "250 2.0.0 Nothing done"),
            (Request::Vrfy { .. }, _) => say(out, "252 2.5.2 Send it and see"),
            (Request::Help { .. }, _) => {
                say(
                    out,
                    "214 2.0.0 This server takes answers to mail of its own",
                );
            }
            (Request::StartTls, _) if !self.offer.starttls || self.encrypted => {
                say(out, "503 5.5.1 TLS is not offered here");
            }
            (Request::StartTls, _) => {
                say(out, "220 2.0.0 Begin the handshake");
                return Some(Step::StartTls);
            }
            (Request::Bdat { .. }, _) => {
                // Its octets would be read as commands.
                say(out, "502 5.5.1 BDAT is not offered here");
                return Some(Step::Close);
            }
            (Request::Quit, _) => {
                say(out, "221 2.0.0 Goodbye");
                return Some(Step::Close);
            }
            _ => say(out, "502 5.5.1 That command is not offered here"),
        }
        None
    }

    fn hello(&mut self, out: &mut Vec<u8>) {
        self.reset();
        self.greeted = true;
        let Offer { name, max_size, .. } = &*self.offer;
        let lines = format!("250-{name}\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SIZE {max_size}");
        say(out, &lines);
        if self.offer.starttls && !self.encrypted {
            say(out, "250-STARTTLS");
        }
        say(out, "250 ENHANCEDSTATUSCODES");
    }

    fn mail_from(&mut self, from: &MailFrom<Cow<'_, str>>) -> &'static str {
        if !self.greeted {
            return match self.protocol {
                Protocol::Smtp => "503 5.5.1 EHLO comes first",
                Protocol::Lmtp => "503 5.5.1 LHLO comes first",
            };
        }
        if self.from.is_some() {
            return "503 5.5.1 One mail at a time; RSET forgets this one";
        }
        if from.flags & MAIL_SMTPUTF8 != 0 {
            return "555 5.5.4 SMTPUTF8 is not offered here";
        }
        if from.size > self.offer.max_size {
            return "552 5.3.4 The mail is too long";
        }
        self.from = Some(from.address.clone().into_owned());
        "250 2.1.0 Sender taken"
    }

    fn rcpt_to(&mut self, to: &RcptTo<Cow<'_, str>>) -> &'static str {
        if self.from.is_none() {
            return "503 5.5.1 MAIL FROM comes before RCPT TO";
        }
        let Some(address) = self.offer.addresses.read(&to.address) else {
            self.unknown += 1;
            return "550 5.1.1 No such address here";
        };
        // LMTP answers each RCPT once more after the mail, so there a second one counts.
        if self.protocol == Protocol::Lmtp || !self.to.contains(&address) {
            if self.to.len() >= MOST_RECIPIENTS {
                return "452 4.5.3 Too many recipients in one mail";
            }
            self.to.push(address);
        }
        "250 2.1.5 Recipient taken"
    }
}

fn say(out: &mut Vec<u8>, line: &str) {
    out.extend_from_slice(line.as_bytes());
    out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
#[path = "session_tests.rs"]
mod tests;
