//! Requests that nobody should send, from a seed: the same ones in every run.

use std::fmt::Write as _;

/// What may come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expect {
    /// A refusal that says why: 4xx with a problem document.
    Problem,
    /// A page or a problem that refuses.
    Page,
    /// 202 that names each line as rejected.
    Lines,
    /// What is no HTTP is refused without a word, or hung up on.
    End,
}

/// One request.
pub(crate) struct Ask {
    pub(crate) what: &'static str,
    pub(crate) bytes: Vec<u8>,
    pub(crate) expect: Expect,
    /// We hang up after it, in the middle.
    pub(crate) cut: bool,
}

/// Numbers that look random (splitmix64).
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    fn one_of<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())]
    }

    fn bytes(&mut self, most: usize) -> Vec<u8> {
        (0..=self.below(most)).map(|_| self.next() as u8).collect()
    }
}

/// Makes requests for a server, with a key that is valid.
pub(crate) struct Hostile<'a> {
    pub(crate) chance: Chance,
    pub(crate) host: &'a str,
    pub(crate) key: &'a str,
}

const JSON: &str = "application/json";
const LINES: &str = "application/x-ndjson";
/// A whole event; the faults are put into it.
const EVENT: &str = r#"{"specversion":"1.0","id":"h-1","source":"/hostile","type":"order.confirmed","subject":"c-1","data":{"order":{"number":"H-1"}}}"#;
const WRITES: [(&str, &str); 4] = [
    ("POST", "/v1/events"),
    ("PUT", "/v1/customers/c-1"),
    ("POST", "/v1/suppressions"),
    ("POST", "/v1/keys"),
];

impl Hostile<'_> {
    pub(crate) fn next(&mut self) -> Ask {
        match self.chance.below(16) {
            0 => self.broken_json(),
            1 => self.wrong_types(),
            2 => self.deep(),
            3 => self.no_utf8(),
            4 => self.lines_of_rubbish(),
            5 => self.wrong_method(),
            6 => self.odd_path(),
            7 => self.no_key(),
            8 => self.odd_query(),
            9 => self.odd_id(),
            10 => self.wrong_kind(),
            11 => self.huge_headers(),
            12 => self.no_http(),
            13 => self.cut_off(),
            14 => self.bad_chunks(),
            _ => self.odd_page(),
        }
    }

    fn request(&self, method: &str, path: &str, kind: &str, body: &[u8]) -> Vec<u8> {
        let mut head = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\ncontent-length: {}\r\n",
            self.host,
            self.key,
            body.len()
        );
        if !kind.is_empty() {
            let _ = write!(head, "content-type: {kind}\r\n");
        }
        head.push_str("\r\n");
        [head.as_bytes(), body].concat()
    }

    fn ask(&self, what: &'static str, bytes: Vec<u8>) -> Ask {
        Ask {
            what,
            bytes,
            expect: Expect::Problem,
            cut: false,
        }
    }

    fn broken_json(&mut self) -> Ask {
        let (method, path) = self.chance.one_of(&WRITES);
        let mut body = EVENT.as_bytes()[..self.chance.below(EVENT.len() - 1)].to_vec();
        if self.chance.below(2) == 0 {
            body.extend_from_slice(b"]},\x01\"");
        }
        self.ask("broken JSON", self.request(method, path, JSON, &body))
    }

    fn wrong_types(&mut self) -> Ask {
        let (method, path) = self.chance.one_of(&WRITES);
        let value = self.chance.one_of(&[
            "null",
            "[]",
            "[[[]]]",
            "7",
            "-1e999",
            "\"x\"",
            "true",
            "{\"\":{}}",
            r#"{"specversion":1,"id":[],"source":{},"type":null,"subject":7}"#,
            r#"{"name":7,"locale":[],"time_zone":{},"country":null}"#,
            r#"{"specversion":"1.0","id":"","source":"","type":"","subject":""}"#,
        ]);
        self.ask(
            "wrong types",
            self.request(method, path, JSON, value.as_bytes()),
        )
    }

    fn deep(&mut self) -> Ask {
        let (method, path) = self.chance.one_of(&WRITES);
        let depth = 200 + self.chance.below(20_000);
        let open = self.chance.one_of(&["[", "{\"a\":", "[{\"data\":"]);
        self.ask(
            "deep nesting",
            self.request(method, path, JSON, open.repeat(depth).as_bytes()),
        )
    }

    fn no_utf8(&mut self) -> Ask {
        let (method, path) = self.chance.one_of(&WRITES);
        let mut body = EVENT.as_bytes().to_vec();
        let place = EVENT.find("h-1").unwrap_or(0);
        body[place] = self.chance.one_of(&[0xff, 0xc0, 0xed, 0x80]);
        self.ask("invalid UTF-8", self.request(method, path, JSON, &body))
    }

    fn lines_of_rubbish(&mut self) -> Ask {
        let mut body = Vec::new();
        for _ in 0..=self.chance.below(12) {
            body.push(b'?');
            body.extend(
                self.chance
                    .bytes(80)
                    .into_iter()
                    .filter(|byte| *byte != b'\n'),
            );
            body.push(b'\n');
        }
        Ask {
            expect: Expect::Lines,
            ..self.ask(
                "lines of rubbish",
                self.request("POST", "/v1/events", LINES, &body),
            )
        }
    }

    fn wrong_method(&mut self) -> Ask {
        let method = self
            .chance
            .one_of(&["PATCH", "BREW", "TRACE", "PROPFIND", "x"]);
        let path = self
            .chance
            .one_of(&["/v1/events", "/v1/customers/c-1", "/healthz", "/v1/keys"]);
        self.ask("wrong method", self.request(method, path, JSON, b"{}"))
    }

    fn odd_path(&mut self) -> Ask {
        let path = self.chance.one_of(&[
            "/../../etc/passwd",
            "/v1/../../../etc/shadow",
            "/assets/../../tidings.toml",
            "/assets/..%2f..%2f..%2fdata/tidings.db",
            "/v1/customers/%2e%2e%2fc-1%00/messages",
            "/v1/customers/%ff%fe/messages",
            "//v1//events",
            "/v1/events/",
            "/%",
            "/.git/config",
        ]);
        Ask {
            expect: Expect::Page,
            ..self.ask("odd path", self.request("GET", path, "", b""))
        }
    }

    fn no_key(&mut self) -> Ask {
        let path = self.chance.one_of(&[
            "/v1/customers/c-1",
            "/v1/customers/c-1/messages",
            "/v1/keys",
        ]);
        let secret: String = self
            .chance
            .bytes(60)
            .iter()
            .map(|b| char::from(b'!' + b % 90))
            .collect();
        let host = self.host;
        let bytes = format!(
            "GET {path} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer tid_live_{secret}\r\n\r\n"
        );
        self.ask("no such key", bytes.into_bytes())
    }

    fn odd_query(&mut self) -> Ask {
        let query = self.chance.one_of(&[
            "limit=-1",
            "limit=99999999999999999999",
            "cursor=%00%ff",
            "cursor=AAAA",
            "unread=perhaps",
            "since=yesterday",
            "nothing=1",
            "q=%E0%80",
            "category=%27;drop%20table%20events",
            "limit=",
        ]);
        let path = format!("/v1/customers/c-1/messages?{query}&{query}");
        self.ask("odd query", self.request("GET", &path, "", b""))
    }

    fn odd_id(&mut self) -> Ask {
        let id: String = self
            .chance
            .bytes(40)
            .iter()
            .map(|b| char::from(b'a' + b % 26))
            .collect();
        let path = match self.chance.below(4) {
            0 => format!("/v1/messages/{id}"),
            1 => "/v1/messages/msg_zzzzzzzzzzzzz".to_owned(),
            2 => format!("/v1/messages/msg_{:013}", self.chance.below(1_000_000)),
            _ => format!("/v1/customers/{id}"),
        };
        self.ask("no such thing", self.request("GET", &path, "", b""))
    }

    fn wrong_kind(&mut self) -> Ask {
        let kind = self.chance.one_of(&[
            "text/html",
            "application/xml",
            "",
            "multipart/form-data",
            "a",
            "application/cloudevents",
        ]);
        self.ask(
            "wrong type of body",
            self.request("POST", "/v1/events", kind, b"<a/>"),
        )
    }

    fn huge_headers(&mut self) -> Ask {
        let mut head = format!("GET /healthz HTTP/1.1\r\nhost: {}\r\n", self.host);
        if self.chance.below(50) > 0 {
            for number in 0..300 {
                let _ = write!(head, "x-{number}: y\r\n");
            }
        } else {
            let _ = write!(head, "x-long: {}\r\n", "y".repeat(1_000_000));
        }
        head.push_str("\r\n");
        Ask {
            expect: Expect::End,
            ..self.ask("huge headers", head.into_bytes())
        }
    }

    fn no_http(&mut self) -> Ask {
        let mut bytes = self.chance.bytes(200);
        bytes.extend_from_slice(b"\r\n\r\n");
        Ask {
            expect: Expect::End,
            cut: true,
            ..self.ask("no HTTP", bytes)
        }
    }

    fn cut_off(&mut self) -> Ask {
        let kind = self.chance.one_of(&[JSON, LINES]);
        let whole = self.request("POST", "/v1/events", kind, &[b' '; 2_000]);
        let kept = 1 + self.chance.below(whole.len() - 1);
        Ask {
            expect: Expect::End,
            cut: true,
            ..self.ask("cut off", whole[..kept].to_vec())
        }
    }

    fn bad_chunks(&mut self) -> Ask {
        let chunk = self.chance.one_of(&[
            "zz\r\n",
            "-1\r\n",
            "ffffffffffffffffff\r\n",
            "5\r\nab\r\n",
            "\r\n\r\n",
        ]);
        let bytes = format!(
            "POST /v1/events HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\ncontent-type: {JSON}\r\ntransfer-encoding: chunked\r\n\r\n{chunk}",
            self.host, self.key
        );
        Ask {
            expect: Expect::End,
            cut: true,
            ..self.ask("bad chunks", bytes.into_bytes())
        }
    }

    fn odd_page(&mut self) -> Ask {
        let (method, path) = self.chance.one_of(&[
            ("POST", "/sign-in"),
            ("POST", "/messages/read-all"),
            ("GET", "/messages/%00"),
            ("POST", "/messages/msg_0000000000000/delete"),
            ("DELETE", "/"),
        ]);
        let body = self.chance.bytes(300);
        let kind = self
            .chance
            .one_of(&["application/x-www-form-urlencoded", JSON]);
        Ask {
            expect: Expect::Page,
            ..self.ask("odd page", self.request(method, path, kind, &body))
        }
    }
}
