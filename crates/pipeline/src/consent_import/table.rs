//! CSV (RFC 4180) as it comes in, piece by piece: records with the line they begin on. Bounded,
//! whatever is sent: a record is as long as it may be, or the table ends there.

use csv_core::{ReadRecordResult, Reader};

/// Bytes of one record.
const RECORD_LIMIT: usize = 16 * 1024;
/// Fields of one record.
const FIELDS_AT_MOST: usize = 64;

/// A record, with the line it begins on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) line: u64,
    /// The fields; none where one is no UTF-8.
    pub(super) fields: Option<Vec<String>>,
}

/// A record that is longer than any may be begins on this line. Nothing behind it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooLong(pub(super) u64);

pub(super) struct Table {
    reader: Reader,
    /// The first three octets, until it is known whether they are a byte order mark.
    head: Option<Vec<u8>>,
    line: u64,
    begins: u64,
    /// Inside a record.
    begun: bool,
    output: Vec<u8>,
    ends: Vec<usize>,
    written: usize,
    fields: usize,
}

impl Default for Table {
    fn default() -> Self {
        Self {
            reader: Reader::new(),
            head: Some(Vec::new()),
            line: 1,
            begins: 1,
            begun: false,
            output: vec![0; RECORD_LIMIT],
            ends: vec![0; FIELDS_AT_MOST],
            written: 0,
            fields: 0,
        }
    }
}

impl Table {
    /// Takes the next piece; the records that end in it.
    pub(super) fn push(&mut self, piece: &[u8], into: &mut Vec<Record>) -> Result<(), TooLong> {
        if let Some(mut head) = self.head.take() {
            head.extend_from_slice(piece);
            if head.len() < 3 {
                self.head = Some(head);
                return Ok(());
            }
            return self.read(head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&head), into);
        }
        self.read(piece, into)
    }

    /// The end: what was begun is a record too.
    pub(super) fn end(&mut self, into: &mut Vec<Record>) -> Result<(), TooLong> {
        if let Some(head) = self.head.take() {
            self.read(&head, into)?;
        }
        match self.begun {
            true => self.step(&[], into).map(|_| ()),
            false => Ok(()),
        }
    }

    fn read(&mut self, mut rest: &[u8], into: &mut Vec<Record>) -> Result<(), TooLong> {
        while !rest.is_empty() {
            if !self.begun {
                // Empty lines are between records.
                let empty = rest
                    .iter()
                    .take_while(|octet| b"\r\n".contains(octet))
                    .count();
                self.count(&rest[..empty]);
                rest = &rest[empty..];
                if rest.is_empty() {
                    break;
                }
                (self.begun, self.begins) = (true, self.line);
            }
            let taken = self.step(rest, into)?;
            self.count(&rest[..taken]);
            rest = &rest[taken..];
        }
        Ok(())
    }

    fn count(&mut self, octets: &[u8]) {
        let lines = octets.iter().filter(|octet| **octet == b'\n').count();
        self.line += lines as u64;
    }

    /// Reads on; how many octets that took.
    fn step(&mut self, rest: &[u8], into: &mut Vec<Record>) -> Result<usize, TooLong> {
        let (result, taken, written, fields) = self.reader.read_record(
            rest,
            &mut self.output[self.written..],
            &mut self.ends[self.fields..],
        );
        self.written += written;
        self.fields += fields;
        match result {
            ReadRecordResult::InputEmpty => Ok(taken),
            ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => {
                Err(TooLong(self.begins))
            }
            ReadRecordResult::Record | ReadRecordResult::End => {
                into.push(self.record());
                (self.begun, self.written, self.fields) = (false, 0, 0);
                Ok(taken)
            }
        }
    }

    fn record(&self) -> Record {
        let ends = &self.ends[..self.fields];
        let starts = std::iter::once(0).chain(ends.iter().copied());
        let fields = starts.zip(ends).map(|(start, end)| {
            let field = std::str::from_utf8(&self.output[start..*end]);
            field.map(|field| field.trim().to_owned()).ok()
        });
        Record {
            line: self.begins,
            fields: fields.collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(pieces: &[&[u8]]) -> Result<Vec<Record>, TooLong> {
        let (mut table, mut records) = (Table::default(), Vec::new());
        for piece in pieces {
            table.push(piece, &mut records)?;
        }
        table.end(&mut records)?;
        Ok(records)
    }

    fn record(line: u64, fields: &[&str]) -> Record {
        let fields = fields.iter().map(|field| (*field).to_owned());
        Record {
            line,
            fields: Some(fields.collect()),
        }
    }

    #[test]
    fn records_have_the_line_they_begin_on() {
        let file = b"\xef\xbb\xbf\"a\",b\r\n\r\n\"one\r\ntwo\", x \r\n\"say \"\"hi\"\"\",\nlast,1";
        let expected = [
            record(1, &["a", "b"]),
            record(3, &["one\r\ntwo", "x"]),
            record(5, &["say \"hi\"", ""]),
            record(6, &["last", "1"]),
        ];
        assert_eq!(read(&[file]).unwrap(), expected);
        assert_eq!(read(&[b""]).unwrap(), []);
        assert_eq!(read(&[b"\xef\xbb\xbf"]).unwrap(), []);
        let latin = read(&[b"Jos\xe9,1\n"]).unwrap();
        assert_eq!(
            latin,
            [Record {
                line: 1,
                fields: None
            }]
        );
    }

    #[test]
    fn a_quote_that_is_never_closed_ends_the_table() {
        let long = format!("a,b\nc,\"{}", "x\n".repeat(RECORD_LIMIT));
        assert_eq!(read(&[long.as_bytes()]), Err(TooLong(2)));
        let wide = ",".repeat(FIELDS_AT_MOST + 2);
        assert_eq!(read(&[wide.as_bytes()]), Err(TooLong(1)));
    }

    proptest! {
        #[test]
        fn pieces_make_no_difference(
            octets in proptest::collection::vec(prop_oneof![Just(b'"'), Just(b','), Just(b'\n'), Just(b'\r'), any::<u8>()], 0..200),
            cut in 0_usize..200,
        ) {
            let cut = cut.min(octets.len());
            let whole = read(&[&octets]);
            prop_assert_eq!(&read(&[&octets[..cut], &octets[cut..]]), &whole);
            let single: Vec<&[u8]> = octets.chunks(1).collect();
            prop_assert_eq!(&read(&single), &whole);
        }
    }
}
