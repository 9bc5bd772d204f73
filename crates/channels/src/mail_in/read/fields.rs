//! Blocks of `Name: value` lines (RFC 5322 §2.2): the head of a mail, and the reports of
//! RFC 3464 and RFC 5965. Lenient: what is no field is passed over.

/// So many fields are read; more is no head of an honest mail.
const MOST: usize = 2_000;

/// The fields of one block, with what is folded put on one line.
#[derive(Debug, Default)]
pub(super) struct Fields(Vec<(String, String)>);

impl Fields {
    /// The first block of a text: up to an empty line.
    pub(super) fn of(text: &str) -> Self {
        Self::blocks(text, 1).pop().unwrap_or_default()
    }

    /// Blocks between empty lines, at most so many.
    pub(super) fn blocks(text: &str, most: usize) -> Vec<Self> {
        let mut blocks = Vec::new();
        let mut block = Self::default();
        let mut read = 0;
        for line in text.lines() {
            if line.trim().is_empty() {
                if !block.0.is_empty() {
                    blocks.push(std::mem::take(&mut block));
                }
                if blocks.len() == most {
                    return blocks;
                }
                continue;
            }
            read += 1;
            if read > MOST {
                break;
            }
            block.line(line);
        }
        if !block.0.is_empty() {
            blocks.push(block);
        }
        blocks
    }

    fn line(&mut self, line: &str) {
        if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = self.0.last_mut() {
                value.push(' ');
                value.push_str(line.trim());
            }
        } else if let Some((name, value)) = line.split_once(':') {
            let name = name.trim_end().to_ascii_lowercase();
            self.0.push((name, value.trim().to_owned()));
        }
    }

    /// The first field of a name, which is given in small letters.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// All fields of a name, from the top.
    pub(super) fn all<'a, 'n>(
        &'a self,
        name: &'n str,
    ) -> impl Iterator<Item = &'a str> + use<'a, 'n> {
        let fields = self.0.iter().filter(move |(known, _)| known == name);
        fields.map(|(_, value)| value.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_unfolded_and_blocks_are_kept_apart() {
        let text = "\r\nA: 1\r\n  and 2\r\nno field\r\nB : x\r\na: 3\r\n\r\n\r\nC: 4\r\n";
        let blocks = Fields::blocks(text, 9);
        assert_eq!(blocks.len(), 2);
        assert_eq!(blocks[0].all("a").collect::<Vec<_>>(), ["1 and 2", "3"]);
        assert_eq!(blocks[0].get("b"), Some("x"));
        assert_eq!(blocks[1].get("c"), Some("4"));
        assert_eq!(Fields::of(text).get("c"), None);
    }
}
