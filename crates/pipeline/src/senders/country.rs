//! Countries, and which one a phone number belongs to.

use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

/// A country of ISO 3166-1 by its two letters, or `XK`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Country(u8);

/// Every country, in the order of its letters. A [`Country`] is a place in this list.
const CODES: &str = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS \
BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ \
FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT \
JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP \
MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE \
RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV \
TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW";

/// How many there are.
pub(super) const COUNTRIES: usize = CODES.len().div_ceil(3);

/// Which prefixes lead to which country (ITU-T E.164, and the area codes of the North
/// American plan); the longest that fits counts. Territories that are told apart only after
/// the fourth digit count as the country whose code they share.
const PREFIXES: &str = "1 US 1204 CA 1226 CA 1236 CA 1249 CA 1250 CA 1257 CA 1263 CA 1289 CA 1306 CA 1343 CA 1354 CA \
1365 CA 1367 CA 1368 CA 1382 CA 1403 CA 1416 CA 1418 CA 1428 CA 1431 CA 1437 CA 1438 CA 1450 CA 1468 CA 1474 CA \
1506 CA 1514 CA 1519 CA 1548 CA 1579 CA 1581 CA 1584 CA 1587 CA 1604 CA 1613 CA 1639 CA 1647 CA 1672 CA 1683 CA \
1705 CA 1709 CA 1742 CA 1753 CA 1778 CA 1780 CA 1782 CA 1807 CA 1819 CA 1825 CA 1867 CA 1873 CA 1879 CA 1902 CA \
1905 CA 1942 CA 1242 BS 1246 BB 1264 AI 1268 AG 1284 VG 1340 VI 1345 KY 1441 BM 1473 GD 1649 TC 1658 JM 1664 MS \
1670 MP 1671 GU 1684 AS 1721 SX 1758 LC 1767 DM 1784 VC 1787 PR 1809 DO 1829 DO 1849 DO 1868 TT 1869 KN 1876 JM \
1939 PR 7 RU 76 KZ 77 KZ 20 EG 27 ZA 30 GR 31 NL 32 BE 33 FR 34 ES 36 HU 39 IT 40 RO 41 CH 43 AT 44 GB 45 DK 46 SE \
47 NO 48 PL 49 DE 51 PE 52 MX 53 CU 54 AR 55 BR 56 CL 57 CO 58 VE 60 MY 61 AU 62 ID 63 PH 64 NZ 65 SG 66 TH 81 JP \
82 KR 84 VN 86 CN 90 TR 91 IN 92 PK 93 AF 94 LK 95 MM 98 IR 211 SS 212 MA 213 DZ 216 TN 218 LY 220 GM 221 SN 222 MR \
223 ML 224 GN 225 CI 226 BF 227 NE 228 TG 229 BJ 230 MU 231 LR 232 SL 233 GH 234 NG 235 TD 236 CF 237 CM 238 CV \
239 ST 240 GQ 241 GA 242 CG 243 CD 244 AO 245 GW 246 IO 247 SH 248 SC 249 SD 250 RW 251 ET 252 SO 253 DJ 254 KE \
255 TZ 256 UG 257 BI 258 MZ 260 ZM 261 MG 262 RE 263 ZW 264 NA 265 MW 266 LS 267 BW 268 SZ 269 KM 290 SH 291 ER \
297 AW 298 FO 299 GL 350 GI 351 PT 352 LU 353 IE 354 IS 355 AL 356 MT 357 CY 358 FI 359 BG 370 LT 371 LV 372 EE \
373 MD 374 AM 375 BY 376 AD 377 MC 378 SM 380 UA 381 RS 382 ME 383 XK 385 HR 386 SI 387 BA 389 MK 420 CZ 421 SK \
423 LI 500 FK 501 BZ 502 GT 503 SV 504 HN 505 NI 506 CR 507 PA 508 PM 509 HT 590 GP 591 BO 592 GY 593 EC 594 GF \
595 PY 596 MQ 597 SR 598 UY 599 CW 5993 BQ 5994 BQ 5997 BQ 670 TL 672 NF 673 BN 674 NR 675 PG 676 TO 677 SB 678 VU \
679 FJ 680 PW 681 WF 682 CK 683 NU 685 WS 686 KI 687 NC 688 TV 689 PF 690 TK 691 FM 692 MH 850 KP 852 HK 853 MO \
855 KH 856 LA 880 BD 886 TW 960 MV 961 LB 962 JO 963 SY 964 IQ 965 KW 966 SA 967 YE 968 OM 970 PS 971 AE 972 IL \
973 BH 974 QA 975 BT 976 MN 977 NP 992 TJ 993 TM 994 AZ 995 GE 996 KG 998 UZ";

/// Digits that decide.
const DIGITS: usize = 4;
/// In the table: no country.
const NONE: u8 = u8::MAX;

/// The country of each number by its first four digits.
static BY_DIGITS: LazyLock<Box<[u8]>> = LazyLock::new(|| {
    let mut table = vec![NONE; 10_usize.pow(4)].into_boxed_slice();
    let mut words = PREFIXES.split_whitespace();
    let mut rows = Vec::new();
    while let (Some(prefix), Some(code)) = (words.next(), words.next()) {
        let country: Country = code.parse().expect("the list names known countries");
        let digits: usize = prefix.parse().expect("the list is made of digits");
        rows.push((prefix.len(), digits, country));
    }
    // Longer prefixes are written over shorter ones.
    rows.sort_by_key(|(length, ..)| *length);
    for (length, digits, country) in rows {
        let width = 10_usize.pow(u32::try_from(DIGITS - length).unwrap_or(0));
        table[digits * width..(digits + 1) * width].fill(country.0);
    }
    table
});

impl Country {
    /// The country of a number in the international form (`+12535550129`). None for numbers
    /// of no country, such as satellite phones. Reads four digits.
    pub fn of_number(number: &str) -> Option<Self> {
        let digits = number.strip_prefix('+')?.as_bytes().get(..DIGITS)?;
        let place = digits.iter().try_fold(0_usize, |sum, digit| {
            let digit = digit.is_ascii_digit().then(|| digit - b'0')?;
            Some(sum * 10 + usize::from(digit))
        })?;
        let country = BY_DIGITS[place];
        (country != NONE).then_some(Self(country))
    }

    /// Its two letters.
    pub fn as_str(self) -> &'static str {
        let start = usize::from(self.0) * 3;
        &CODES[start..start + 2]
    }

    /// Its place in a table of countries.
    pub(super) fn place(self) -> usize {
        usize::from(self.0)
    }

    /// Whether a number can be seen to belong to it.
    pub(super) fn has_numbers(self) -> bool {
        BY_DIGITS.contains(&self.0)
    }

    /// Every country.
    pub fn all() -> impl Iterator<Item = Self> {
        let count = u8::try_from(COUNTRIES).unwrap_or(NONE);
        (0..count).map(Self)
    }
}

impl FromStr for Country {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::all().find(|country| country.as_str() == text);
        found.ok_or_else(|| format!("`{text}` is no country"))
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_reads_back() {
        assert_eq!(Country::all().count(), 250);
        for country in Country::all() {
            assert_eq!(country.as_str().parse(), Ok(country));
        }
        for bad in ["", "us", "USA", "ZZ", "D ", " D", "UK"] {
            assert!(bad.parse::<Country>().is_err(), "{bad}");
        }
    }

    #[test]
    fn numbers_have_countries() {
        for (number, country) in [
            ("+12535550129", Some("US")),
            ("+14165550129", Some("CA")),
            ("+18095550129", Some("DO")),
            ("+79161234567", Some("RU")),
            ("+77011234567", Some("KZ")),
            ("+447700900123", Some("GB")),
            ("+4915112345678", Some("DE")),
            ("+351912345678", Some("PT")),
            ("+59931812345", Some("BQ")),
            ("+59991234567", Some("CW")),
            ("+88216123456", None),
            ("+80012345678", None),
            ("12535550129", None),
            ("+1", None),
            ("+é234567", None),
            ("", None),
        ] {
            let found = Country::of_number(number).map(Country::as_str);
            assert_eq!(found, country, "{number}");
        }
    }
}
