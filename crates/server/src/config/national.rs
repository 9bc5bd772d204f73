//! `national_tables`: the languages whose letters a carrier's texts may hold in septets.

use channels::{Language, National};
use serde::{Deserialize, Deserializer};

/// A language, as the configuration calls it.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Named {
    Turkish,
    Spanish,
    Portuguese,
}

/// Reads a list of languages.
pub(super) fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<National, D::Error> {
    let named = Vec::<Named>::deserialize(deserializer)?;
    let languages = named.into_iter().map(|named| match named {
        Named::Turkish => Language::Turkish,
        Named::Spanish => Language::Spanish,
        Named::Portuguese => Language::Portuguese,
    });
    Ok(languages.collect())
}

#[cfg(test)]
mod tests {
    use channels::{Language, National};
    use model::Mode;

    use super::super::{costs, parse};

    const BRAND: &str = "[brand]\nname = 'Marigold'\ndomain = 'marigold.example'\nurl = 'https://marigold.example'\nsupport = 'help@marigold.example'\nsms_sender = 'Marigold'\n";

    fn sections(live: &str, test: &str) -> String {
        format!(
            "{BRAND}[sms]\nhost = 'smsc.example'\nport = 2775\nsystem_id = 'marigold'\n{live}\n[sandbox]\n{test}\n"
        )
    }

    #[test]
    fn each_route_has_its_own_tables_and_none_unasked() {
        let config = parse(&sections("", "")).unwrap();
        assert_eq!(config.sandbox.national_tables, National::NONE);
        assert_eq!(config.sms.unwrap().national_tables, National::NONE);

        let live = "national_tables = ['turkish', 'portuguese']";
        let config = parse(&sections(live, "national_tables = ['spanish']")).unwrap();
        let quoted = costs(&config).unwrap();
        let live = [Language::Portuguese, Language::Turkish]
            .into_iter()
            .collect();
        assert_eq!(config.sms.unwrap().national_tables, live);
        for mode in [Mode::Live, Mode::Team] {
            assert_eq!(quoted.text_route(mode).national, live);
        }
        let test = [Language::Spanish].into_iter().collect();
        assert_eq!(config.sandbox.national_tables, test);
        assert_eq!(quoted.text_route(Mode::Test).national, test);
    }

    #[test]
    fn another_language_is_refused_with_those_there_are() {
        let error = parse(&sections("national_tables = ['hindi']", "")).unwrap_err();
        let error = format!("{error:#}");
        for word in ["line 11", "hindi", "`turkish`, `spanish`, `portuguese`"] {
            assert!(error.contains(word), "{error}");
        }
    }
}
