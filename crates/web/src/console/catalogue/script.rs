//! Which alphabet a text is written in, so that the desk can say "Arabic letters" instead of
//! naming each. Reads letters only; what a carrier charges is for `render` to say.

/// An alphabet no letter of which is in the small one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::console) enum Script {
    Arabic,
    Japanese,
    Chinese,
    Korean,
    Cyrillic,
    Greek,
    Hebrew,
    Devanagari,
    Thai,
}

impl Script {
    /// The one that more than half of a text's letters are of; none where most are Latin.
    pub(in crate::console) fn of_most(text: &str) -> Option<Self> {
        let letters = || text.chars().filter(|c| c.is_alphabetic());
        let all = letters().count();
        let mut counts: Vec<(Self, usize)> = Vec::new();
        for script in letters().filter_map(Self::of) {
            match counts.iter_mut().find(|(known, _)| *known == script) {
                Some((_, count)) => *count += 1,
                None => counts.push((script, 1)),
            }
        }
        // Japanese is written with Chinese signs too.
        if let Some(kana) = counts
            .iter()
            .position(|(known, _)| *known == Self::Japanese)
            && let Some(han) = counts.iter().position(|(known, _)| *known == Self::Chinese)
        {
            counts[kana].1 += counts[han].1;
            counts.remove(han);
        }
        let most = counts.into_iter().find(|(_, count)| count * 2 > all);
        most.map(|(script, _)| script)
    }

    const fn of(letter: char) -> Option<Self> {
        Some(match letter {
            '\u{370}'..='\u{3ff}' => Self::Greek,
            '\u{400}'..='\u{52f}' => Self::Cyrillic,
            '\u{590}'..='\u{5ff}' => Self::Hebrew,
            '\u{600}'..='\u{6ff}'
            | '\u{750}'..='\u{77f}'
            | '\u{fb50}'..='\u{fdff}'
            | '\u{fe70}'..='\u{fefc}' => Self::Arabic,
            '\u{900}'..='\u{97f}' => Self::Devanagari,
            '\u{e00}'..='\u{e7f}' => Self::Thai,
            '\u{3040}'..='\u{30ff}' => Self::Japanese,
            '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' => Self::Chinese,
            '\u{1100}'..='\u{11ff}' | '\u{ac00}'..='\u{d7a3}' => Self::Korean,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn most_letters_name_the_script() {
        for (text, script) in [
            ("", None),
            ("123 €!", None),
            ("Marigold: não, ação.", None),
            ("Marigold: طلبك في الطريق إليك الآن", Some(Script::Arabic)),
            (
                "Marigold: ご注文を発送しました。到着予定",
                Some(Script::Japanese),
            ),
            ("您的订单已发货", Some(Script::Chinese)),
            ("Ваш заказ в пути", Some(Script::Cyrillic)),
            ("A long Latin text with one ع", None),
        ] {
            assert_eq!(Script::of_most(text), script, "{text}");
        }
    }
}
