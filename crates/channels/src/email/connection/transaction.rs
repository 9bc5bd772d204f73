//! One mail's exchange: the envelope at once or in steps, the message, the clean-up.

use std::time::Duration;

use model::Outcome;
use tokio::time::timeout;

use super::super::reader::ReadFault;
use super::super::replies::{Reply, Stage, refusal};
use super::super::{EmailConfig, MadeEmail};
use super::{Connection, SLOW, fault_words};

/// The connection is of no more use.
pub(super) enum Broken {
    /// Before the final dot was written: the server cannot have taken the mail.
    Early(&'static str),
    /// The first answer was 421: perhaps said long ago, to the idle connection.
    Goodbye(Outcome),
    /// After it.
    AfterDot,
}

impl From<ReadFault> for Broken {
    fn from(fault: ReadFault) -> Self {
        Self::Early(fault_words(fault))
    }
}

/// One mail's exchange.
pub(super) struct Talk<'a> {
    pub(super) connection: &'a mut Connection,
    pub(super) config: &'a EmailConfig,
    /// Answers so far.
    pub(super) answers: u32,
}

impl Talk<'_> {
    pub(super) async fn transaction(&mut self, mail: &MadeEmail) -> Result<Outcome, Broken> {
        let size = match self.connection.offers.size {
            true => format!(" SIZE={}", mail.size),
            false => String::new(),
        };
        let from = format!("MAIL FROM:<{}>{size}\r\n", mail.envelope_from);
        let rcpt = format!("RCPT TO:<{}>\r\n", mail.to.open());
        let envelope = match self.connection.offers.pipelining {
            true => self.envelope_at_once(&from, &rcpt).await?,
            false => self.envelope_in_steps(&from, &rcpt).await?,
        };
        match envelope {
            Ok(()) => self.message(&mail.data).await,
            Err((reply, Stage::Mail)) if reply.code == 421 => {
                Err(Broken::Goodbye(refusal(reply, Stage::Mail)))
            }
            Err((reply, stage)) => {
                self.reset(reply).await;
                Ok(refusal(reply, stage))
            }
        }
    }

    /// MAIL, RCPT and DATA in one write, their answers in order (RFC 2920 §3.1).
    async fn envelope_at_once(&mut self, mail: &str, rcpt: &str) -> Result<Envelope, Broken> {
        self.put(format!("{mail}{rcpt}DATA\r\n").as_bytes()).await?;
        let mut refused = None;
        let mut go = false;
        for stage in [Stage::Mail, Stage::Rcpt, Stage::Data] {
            let reply = self.reply().await?;
            if reply.code == 421 {
                return Ok(Err((reply, stage)));
            }
            let good = if stage == Stage::Data {
                go = reply.code == 354;
                go
            } else {
                reply.is_positive()
            };
            if !good && refused.is_none() {
                refused = Some((reply, stage));
            }
        }
        match refused {
            None => Ok(Ok(())),
            Some(first) => {
                if go {
                    // It waits for a mail although it refused the recipient: an empty
                    // one goes to nobody (RFC 2920 §3.1).
                    self.put(b".\r\n").await?;
                    self.reply().await?;
                }
                Ok(Err(first))
            }
        }
    }

    async fn envelope_in_steps(&mut self, mail: &str, rcpt: &str) -> Result<Envelope, Broken> {
        for (stage, command) in [
            (Stage::Mail, mail),
            (Stage::Rcpt, rcpt),
            (Stage::Data, "DATA\r\n"),
        ] {
            self.put(command.as_bytes()).await?;
            let reply = self.reply().await?;
            let good = match stage {
                Stage::Data => reply.code == 354,
                _ => reply.is_positive(),
            };
            if !good {
                return Ok(Err((reply, stage)));
            }
        }
        Ok(Ok(()))
    }

    /// The mail itself. A write that fails has not delivered the final dot.
    async fn message(&mut self, data: &[u8]) -> Result<Outcome, Broken> {
        self.put(data).await?;
        let wait = self.config.accept_timeout;
        let reply = self
            .reply_within(wait)
            .await
            .map_err(|_| Broken::AfterDot)?;
        self.connection.usable = reply.code != 421;
        if (200..300).contains(&reply.code) {
            Ok(Outcome::Accepted { carrier_id: None })
        } else {
            Ok(refusal(reply, Stage::Message))
        }
    }

    /// Makes the connection usable again after a refusal, if it will have it.
    async fn reset(&mut self, refused: Reply) {
        if refused.code == 421 || self.put(b"RSET\r\n").await.is_err() {
            return;
        }
        if let Ok(reply) = self.reply().await {
            self.connection.usable = reply.is_positive();
        }
    }

    async fn put(&mut self, bytes: &[u8]) -> Result<(), Broken> {
        match timeout(self.config.reply_timeout, self.connection.put(bytes)).await {
            Ok(written) => Ok(written?),
            Err(_) => Err(Broken::Early(SLOW)),
        }
    }

    async fn reply(&mut self) -> Result<Reply, Broken> {
        self.reply_within(self.config.reply_timeout).await
    }

    async fn reply_within(&mut self, limit: Duration) -> Result<Reply, Broken> {
        let Connection { reader, stream, .. } = &mut *self.connection;
        match timeout(limit, reader.read(stream, |_| {})).await {
            Ok(reply) => {
                let reply = reply?;
                self.answers += 1;
                Ok(reply)
            }
            Err(_) => Err(Broken::Early(SLOW)),
        }
    }
}

/// The first refusal of an envelope, or the server waits for the mail.
type Envelope = Result<(), (Reply, Stage)>;
