//! Reads SMTP answers (RFC 5321 §4.2) from bytes that a stranger sends: bounded, and
//! lenient where servers are sloppy (a lone LF, a missing text).

use tokio::io::{AsyncRead, AsyncReadExt};

use super::replies::Reply;

/// RFC 5321 §4.5.3.1.5 allows 512 octets a line; some servers write more.
const LINE_LIMIT: usize = 4096;
/// Lines in one answer; an EHLO answer has some 20.
const LINES_LIMIT: usize = 200;

/// Why no answer came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ReadFault {
    /// The connection ended or broke.
    Lost,
    /// What came is not SMTP.
    NotSmtp,
}

/// Bytes that were read but not used yet.
#[derive(Debug, Default)]
pub(super) struct ReplyReader {
    buffer: Vec<u8>,
    used: usize,
}

impl ReplyReader {
    /// Whether the server has sent more than was asked for so far.
    pub(super) fn has_more(&self) -> bool {
        self.used < self.buffer.len()
    }

    /// The next answer; `on_line` sees the text of each of its lines.
    pub(super) async fn read(
        &mut self,
        stream: &mut (impl AsyncRead + Unpin + ?Sized),
        mut on_line: impl FnMut(&str),
    ) -> Result<Reply, ReadFault> {
        for _ in 0..LINES_LIMIT {
            let line = self.line(stream).await?;
            let code = line
                .get(..3)
                .and_then(|digits| digits.parse().ok())
                .filter(|code| (200..600).contains(code))
                .ok_or(ReadFault::NotSmtp)?;
            let last = match line.as_bytes().get(3) {
                None | Some(b' ') => true,
                Some(b'-') => false,
                Some(_) => return Err(ReadFault::NotSmtp),
            };
            let text = line.get(4..).unwrap_or_default();
            on_line(text);
            if last {
                let enhanced = enhanced_code(code, text);
                return Ok(Reply { code, enhanced });
            }
        }
        Err(ReadFault::NotSmtp)
    }

    async fn line(
        &mut self,
        stream: &mut (impl AsyncRead + Unpin + ?Sized),
    ) -> Result<String, ReadFault> {
        loop {
            let fresh = &self.buffer[self.used..];
            if let Some(end) = fresh.iter().position(|b| *b == b'\n') {
                let line = &fresh[..end];
                let line = line.strip_suffix(b"\r").unwrap_or(line);
                let line = String::from_utf8_lossy(line).into_owned();
                self.used += end + 1;
                if self.used == self.buffer.len() {
                    self.buffer.clear();
                    self.used = 0;
                }
                return Ok(line);
            }
            if fresh.len() > LINE_LIMIT {
                return Err(ReadFault::NotSmtp);
            }
            self.buffer.drain(..self.used);
            self.used = 0;
            match stream.read_buf(&mut self.buffer).await {
                Ok(0) | Err(_) => return Err(ReadFault::Lost),
                Ok(_) => {}
            }
        }
    }
}

/// `5.1.1 …` at the beginning of a text, if its class agrees with the code (RFC 2034 §4).
fn enhanced_code(code: u16, text: &str) -> Option<[u16; 3]> {
    let word = text.split([' ', '\t']).next()?;
    let mut numbers = word.splitn(3, '.').map(|part| {
        let fits = (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        fits.then(|| part.parse::<u16>().ok()).flatten()
    });
    let parts = [numbers.next()??, numbers.next()??, numbers.next()??];
    (parts[0] == code / 100).then_some(parts)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read_all(mut bytes: &[u8]) -> (Vec<Reply>, ReadFault) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        runtime.block_on(async {
            let mut reader = ReplyReader::default();
            let mut replies = Vec::new();
            loop {
                match reader.read(&mut bytes, |_| {}).await {
                    Ok(reply) => replies.push(reply),
                    Err(fault) => return (replies, fault),
                }
            }
        })
    }

    #[test]
    fn answers_by_hand() {
        let (replies, fault) = read_all(
            b"250-mail.example\r\n250-SIZE 100\r\n250 PIPELINING\r\n\
              550 5.7.515 Access denied\n250\r\n354 go\r\n550 4.1.1 class differs\r\n",
        );
        let codes: Vec<_> = replies.iter().map(|r| (r.code, r.enhanced)).collect();
        assert_eq!(
            codes,
            [
                (250, None),
                (550, Some([5, 7, 515])),
                (250, None),
                (354, None),
                (550, None)
            ]
        );
        assert_eq!(fault, ReadFault::Lost);
        for bad in ["hello\r\n", "25\r\n", "250_x\r\n", "999 x\r\n", "é50 x\r\n"] {
            assert_eq!(read_all(bad.as_bytes()), (vec![], ReadFault::NotSmtp));
        }
        assert_eq!(read_all(&[b'2'; 9000]), (vec![], ReadFault::NotSmtp));
        let endless = "250-x\r\n".repeat(300);
        assert_eq!(read_all(endless.as_bytes()), (vec![], ReadFault::NotSmtp));
    }

    proptest! {
        #[test]
        fn no_bytes_break_it(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            read_all(&bytes);
        }
    }
}
