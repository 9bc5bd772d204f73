//! Links and addresses, however they are spelt: with a scheme, with a broken one, without,
//! with dots apart or in brackets.
//!
//! Only found and judged here; nothing is ever fetched.

mod authority;
mod seek;
mod signs;

use crate::content::Findings;
use crate::fold::Folded;
use crate::phrases::{Hit, Role};
use crate::plain::Plain;
use crate::{Form, Own, Promises, Rule, hosts};
use seek::Seeker;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Something to tap.
    Link,
    /// `@shop.example #123456`: where a code may be filled in.
    Bound,
    /// Where to write to.
    Address { asked: bool },
}

#[derive(Debug)]
struct Found {
    kind: Kind,
    host: String,
    /// In octets of the plain text.
    from: usize,
    to: usize,
    /// In bytes of the text.
    start: usize,
    end: usize,
    disguised: bool,
    credentials: bool,
}

/// The links of a text.
#[derive(Debug, Default)]
pub(crate) struct Links(Vec<Found>);

impl Links {
    pub(crate) fn find(plain: &Plain<'_>, (folded, hits): (&Folded, &[Hit]), own: &Own) -> Self {
        let mut seeker = Seeker::new(plain, (folded, hits), own);
        for hit in hits.iter().filter(|hit| hit.role == Role::Scheme) {
            let at = plain.at_place(folded.origin(hit.start));
            if !seeker.covers(at) {
                seeker.scheme(at);
            }
        }
        seeker.settle();
        for at in memchr::memchr_iter(b'.', &plain.octets) {
            if !seeker.is_judged(at) && !seeker.covers(at) {
                seeker.dot(at);
            }
        }
        seeker.settle();
        for at in memchr::memchr3_iter(b'%', b':', b'[', &plain.octets) {
            if !seeker.covers(at) {
                seeker.sign(at);
            }
        }
        seeker.settle();
        for hit in hits.iter().filter(|hit| hit.role == Role::Dot) {
            seeker.spelt(plain.at_place(folded.origin(hit.start)));
        }
        seeker.settle();
        Self(seeker.settled)
    }

    /// Whether there is anything to tap.
    pub(crate) fn any(&self) -> bool {
        self.0.iter().any(|found| found.kind == Kind::Link)
    }

    /// Whether an octet of the plain text is part of a link or an address.
    pub(crate) fn covers(&self, at: usize) -> bool {
        covers(&self.0, at)
    }

    pub(crate) fn judge(
        &self,
        form: Form,
        (promises, own): (&Promises, &Own),
        findings: &mut Findings<'_>,
    ) {
        let mut links = 0;
        for found in &self.0 {
            let (start, end) = (found.start, found.end);
            let broken = match found.host.as_str() {
                "" => Some(Rule::DisguisedLink),
                host => hosts::judge(host, promises, own),
            };
            match found.kind {
                Kind::Address { asked } => {
                    if let (true, Some(rule)) = (asked, broken) {
                        let rule = match rule {
                            Rule::LookAlike | Rule::MixedScript => rule,
                            _ => Rule::ForeignAddress,
                        };
                        findings.add(rule, start, end);
                    }
                    continue;
                }
                Kind::Bound => {}
                Kind::Link => links += 1,
            }
            if found.credentials {
                findings.add(Rule::Credentials, start, end);
            }
            match broken {
                Some(rule) => findings.add(rule, start, end),
                None if found.disguised => findings.add(Rule::DisguisedLink, start, end),
                None => {}
            }
            if form == Form::Sms && links > promises.most_links() {
                findings.add(Rule::ManyLinks, start, end);
            }
        }
    }
}

/// Whether an octet is part of one of these, which are in the order of the text.
fn covers(found: &[Found], at: usize) -> bool {
    let next = found.partition_point(|found| found.from <= at);
    next.checked_sub(1).is_some_and(|last| at < found[last].to)
}
