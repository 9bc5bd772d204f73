//! What sending costs: budgets, and the ledger by day, category, campaign and so on.

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use model::{Channel, CostBy, Currency, Mode, PurposeClass, decimal_of, ledger_day};
use pipeline::costs::BudgetState;
use serde::Deserialize;

use super::frame::{Frame, Spot, page};
use super::gate::Visitor;
use crate::App;
use crate::costs::{self, CostSums, DAYS_AT_MOST};
use crate::message_center::signed_in::PageError;
use crate::page::{Page, html};

/// Days that are shown unless others are asked for.
const DAYS: i32 = 30;
/// Lines of a page; the sums count all.
const LINES: usize = 500;
/// Digits after the point at most; in a column, always.
const DIGITS: usize = 4;
/// And at least.
const CENTS: usize = 2;

/// What the page is asked with. What cannot be read is taken as left out, and named.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    from: String,
    to: String,
    by: String,
    mode: String,
}

/// A choice of the form.
struct Choice<T> {
    value: T,
    chosen: bool,
}

/// A budget as it is shown.
pub(super) struct BudgetLine {
    pub(super) name: String,
    pub(super) per: &'static str,
    pub(super) purposes: Vec<PurposeClass>,
    pub(super) channel: Channel,
    pub(super) country: Option<String>,
    pub(super) spent: String,
    pub(super) amount: String,
    pub(super) currency: Currency,
    /// What is spent of it, in hundredths; at most 100.
    pub(super) share: i64,
    pub(super) nearly: bool,
    pub(super) over: bool,
}

impl BudgetLine {
    fn of(state: BudgetState) -> Self {
        let budget = state.budget;
        let hundredths = i128::from(state.spent) * 100 / i128::from(budget.micros.max(1));
        Self {
            share: i64::try_from(hundredths.clamp(0, 100)).unwrap_or(100),
            spent: money(state.spent, CENTS),
            amount: money(budget.micros, CENTS),
            nearly: state.nearly,
            over: state.over,
            name: budget.name,
            per: budget.per.as_str(),
            purposes: budget.purposes,
            channel: budget.channel,
            country: budget.country,
            currency: budget.currency,
        }
    }
}

/// A line of the table, or a sum of all of one currency.
struct Line {
    key: String,
    currency: Currency,
    deliveries: i64,
    expected: String,
    on_the_way: String,
    difference: String,
    cost: String,
}

impl Line {
    fn of(sums: &CostSums) -> Self {
        Self {
            key: sums.key.clone(),
            currency: sums.currency,
            deliveries: sums.charged.1,
            expected: money(sums.quoted.0, DIGITS),
            on_the_way: money(sums.reserved.0, DIGITS),
            difference: money(sums.reconciled.0, DIGITS),
            cost: money(sums.cost(), DIGITS),
        }
    }
}

#[derive(Template)]
#[template(path = "console/costs.html")]
struct CostsPage {
    page: Page,
    frame: Frame,
    /// Whether there is any rate card.
    priced: bool,
    budgets: Vec<BudgetLine>,
    from: String,
    to: String,
    /// What of the question could not be read, as the form calls it.
    unread: Vec<&'static str>,
    /// The days asked for were too many or the wrong way round.
    odd_days: bool,
    groupings: Vec<Choice<CostBy>>,
    by: CostBy,
    modes: Vec<Choice<Mode>>,
    is_test: bool,
    totals: Vec<Line>,
    lines: Vec<Line>,
    /// Lines that are not shown.
    more: usize,
}

/// `GET /console/costs`
pub(crate) async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Query(asked): Query<Asked>,
) -> Result<Response, PageError> {
    let (mode, by) = (asked.mode.parse().ok(), asked.by.parse().ok());
    let (first, last) = (costs::day(&asked.from), costs::day(&asked.to));
    let unread = [
        ("From", &asked.from, first.is_none()),
        ("To", &asked.to, last.is_none()),
        ("By", &asked.by, by.is_none()),
        ("Traffic", &asked.mode, mode.is_none()),
    ];
    let unread = unread
        .into_iter()
        .filter(|(_, given, odd)| *odd && !given.is_empty());
    let unread = unread.map(|(field, _, _)| field).collect();
    let mode = mode.unwrap_or(usual_mode(&app));
    let by = by.unwrap_or(CostBy::Day);
    let today = ledger_day(app.now());
    let to = last.unwrap_or(today);
    let from = first.unwrap_or(to - (DAYS - 1));
    let odd_days = from > to || to - from >= DAYS_AT_MOST;
    let (from, to) = match odd_days {
        true => (today - (DAYS - 1), today),
        false => (from, to),
    };
    let found = costs::read(&app, (from, to), by, mode).await?;
    let shown = CostsPage {
        page: page(&app),
        frame: Frame::of(&visitor, Spot::Costs),
        priced: app.pipeline().limits().costs.quotes(),
        budgets: app
            .pipeline()
            .budgets(mode)
            .into_iter()
            .map(BudgetLine::of)
            .collect(),
        from: costs::date(from),
        to: costs::date(to),
        unread,
        odd_days,
        groupings: choices(CostBy::ALL, by),
        by,
        modes: choices(&[Mode::Live, Mode::Test], mode),
        is_test: mode == Mode::Test,
        totals: totals(&found).iter().map(Line::of).collect(),
        lines: found.iter().take(LINES).map(Line::of).collect(),
        more: found.len().saturating_sub(LINES),
    };
    Ok(html(StatusCode::OK, &shown))
}

/// In the demo there is test traffic only.
fn usual_mode(app: &App) -> Mode {
    if app.config().demo {
        Mode::Test
    } else {
        Mode::Live
    }
}

/// The budgets that are spent or nearly, the spent ones first.
pub(super) fn pressing_budgets(app: &App) -> Vec<BudgetLine> {
    let states = app.pipeline().budgets(usual_mode(app)).into_iter();
    let pressing = states.filter(|state| state.over || state.nearly);
    let mut lines: Vec<BudgetLine> = pressing.map(BudgetLine::of).collect();
    lines.sort_by_key(|line| !line.over);
    lines
}

fn choices<T: Copy + PartialEq>(all: &[T], chosen: T) -> Vec<Choice<T>> {
    let choice = |value: &T| Choice {
        value: *value,
        chosen: *value == chosen,
    };
    all.iter().map(choice).collect()
}

/// One line a currency: different money is never added up.
fn totals(found: &[CostSums]) -> Vec<CostSums> {
    let mut totals: Vec<CostSums> = Vec::new();
    for sums in found {
        let Some(total) = totals.iter_mut().find(|one| one.currency == sums.currency) else {
            totals.push(sums.clone());
            continue;
        };
        for (all, one) in [
            (&mut total.quoted, sums.quoted),
            (&mut total.reserved, sums.reserved),
            (&mut total.released, sums.released),
            (&mut total.charged, sums.charged),
            (&mut total.reconciled, sums.reconciled),
        ] {
            *all = (all.0.saturating_add(one.0), all.1.saturating_add(one.1));
        }
    }
    totals
}

/// Micros as people write them, with so many digits after the point at least.
fn money(micros: i64, least: usize) -> String {
    let exact = decimal_of(micros);
    let (whole, digits) = exact.split_once('.').unwrap_or((&exact, ""));
    let cut = &digits[..digits.len().min(DIGITS)];
    format!("{whole}.{cut:0<least$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_has_two_to_four_digits() {
        for (micros, shown) in [
            (0, "0.00"),
            (1_000_000, "1.00"),
            (12_345_600, "12.3456"),
            (-500_000, "-0.50"),
            (7_900, "0.0079"),
            (12, "0.0000"),
        ] {
            assert_eq!(money(micros, CENTS), shown);
        }
        assert_eq!(money(158_000, DIGITS), "0.1580");
    }
}
