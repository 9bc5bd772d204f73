//! A profile in the making: each step of a choice, with the rules about it.

use model::{
    Category, Channel, Consent, ConsentLine, ConsentPurpose, Customer, CustomerFault, Facts,
    Frequency, How, Preference, QuietHours, Said, Wish,
};

use super::{
    ChannelChoice, ChannelState, Choices, EVERY_TOPIC, Row, TopicChoice, has_other_way,
    wanted as wanted_now, wish_of,
};

pub(super) struct Making<'a> {
    facts: &'a Facts,
    rows: &'a [Row],
    said: &'a Said,
    customer: Customer,
    lines: Vec<ConsentLine>,
    faults: Vec<CustomerFault>,
}

impl<'a> Making<'a> {
    pub(super) fn new(facts: &'a Facts, rows: &'a [Row], said: &'a Said) -> Self {
        Self {
            facts,
            rows,
            said,
            customer: facts.customer.clone(),
            lines: Vec::new(),
            faults: Vec::new(),
        }
    }

    /// The profile and its lines, if nothing is wrong.
    pub(super) fn end(mut self) -> Result<(Customer, Vec<ConsentLine>), Vec<CustomerFault>> {
        let known = self.facts.customer.faults();
        let new = self.customer.faults().into_iter();
        self.faults
            .extend(new.filter(|fault| !known.contains(fault)));
        match self.faults.is_empty() {
            true => Ok((self.customer, self.lines)),
            false => Err(self.faults),
        }
    }

    pub(super) fn form(&mut self, form: &Choices) {
        for (at, choice) in form.channels.iter().enumerate() {
            let mut before = form.channels[..at].iter();
            if before.any(|other| other.channel == choice.channel) {
                self.fault(format!("/channels/{at}"), "this channel is named twice");
                continue;
            }
            self.channel(at, choice);
        }
        for (at, choice) in form.topics.iter().enumerate() {
            self.topic(at, choice);
        }
        if let Some(locale) = form.locale.as_ref().filter(|l| **l != self.customer.locale) {
            self.customer.locale.clone_from(locale);
            self.customer.chosen.locale = true;
        }
        let zone = form.time_zone.as_ref();
        if let Some(zone) = zone.filter(|zone| **zone != self.customer.time_zone) {
            self.customer.time_zone.clone_from(zone);
            self.customer.chosen.time_zone = true;
        }
        if let Some(hours) = form.quiet_hours {
            self.quiet_hours(hours);
        }
    }

    fn quiet_hours(&mut self, hours: Option<QuietHours>) {
        if hours.is_some_and(|hours| !hours.is_whole()) {
            let reason = "quiet hours end at another time than they begin";
            return self.fault("/quiet_hours".to_owned(), reason);
        }
        if hours != self.customer.quiet_hours {
            self.customer.quiet_hours = hours;
            self.customer.chosen.quiet_hours = true;
        }
    }

    /// Takes the consent to offers back on every channel, and switches off what is nothing but
    /// offers.
    pub(super) fn stop_offers(&mut self) {
        for channel in Channel::ALL {
            self.withdraw_offers(*channel);
            self.word(Category::Promotions, "", *channel, None);
        }
        for row in self.rows.iter().filter(|row| row.marketing) {
            self.word(row.category, &row.topic, row.channel, None);
        }
    }

    pub(super) fn unsubscribe(&mut self, category: Category, topic: &str, channel: Channel) {
        self.withdraw_offers(channel);
        if topic == EVERY_TOPIC {
            self.word(category, "", channel, None);
            for row in self.in_category(category, channel) {
                self.word(category, &row.topic, channel, None);
            }
            return;
        }
        let row = self.row(category, topic, channel);
        if row.is_none_or(|row| row.always_on) {
            return;
        }
        if topic.is_empty() {
            // The word about the category is for what has no topic: the topics stay.
            for row in self.in_category(category, channel) {
                let own = self.customer.preference(category, &row.topic, channel);
                self.word(category, &row.topic, channel, wish_of(own));
            }
        }
        self.word(category, topic, channel, None);
    }

    fn channel(&mut self, at: usize, choice: &ChannelChoice) {
        let (channel, said) = (choice.channel, self.said);
        let state = ChannelState::of(&self.customer, channel, said.at);
        // One that is dated ahead is stopped before it begins, and one for another address too.
        let stands = |consent: &Consent| {
            consent.channel == channel && consent.withdrawn_at.is_none_or(|end| end > said.at)
        };
        if choice.allowed == Some(false) {
            if state.allowed || self.customer.consents.iter().any(stands) {
                let lines = self.customer.wish(channel, Wish::StopAll, said);
                self.lines.extend(lines);
            }
            return;
        }
        let offer = |consent: &Consent| consent.purpose == ConsentPurpose::Marketing;
        let offered = |consent: &Consent| stands(consent) && offer(consent);
        if choice.offers == Some(false) && self.customer.consents.iter().any(offered) {
            self.withdraw_offers(channel);
        }
        let starts = choice.allowed == Some(true) && !state.allowed;
        if starts && self.can_start(&format!("/channels/{at}/allowed"), channel) {
            let lines = self.customer.wish(channel, Wish::Start, said);
            self.lines.extend(lines);
        }
        let offers = choice.offers == Some(true) && !state.offers;
        let pointer = format!("/channels/{at}/offers");
        if offers && !state.allowed && !starts {
            self.fault(pointer, "offers need the channel to be allowed");
        } else if offers && self.can_start(&pointer, channel) {
            let purpose = ConsentPurpose::Marketing;
            self.lines
                .extend(self.customer.give(channel, purpose, said));
        }
    }

    /// A consent is for an address, and not for one that must not be written to: who stopped
    /// it from the phone itself starts it from there.
    fn can_start(&mut self, pointer: &str, channel: Channel) -> bool {
        let reason = if self.customer.contact(channel).is_none() {
            "the profile has no address on this channel"
        } else if self.facts.suppression_at(channel, self.said.at).is_some() {
            "the address is suppressed; that is taken back first"
        } else if matches!(self.said.how, How::Agent | How::Seller) && self.said.wording.is_empty()
        {
            "nobody allows it for a customer but under the words that they heard or read: name them in `wording`"
        } else {
            return true;
        };
        self.fault(pointer.to_owned(), reason);
        false
    }

    fn topic(&mut self, at: usize, choice: &TopicChoice) {
        let TopicChoice {
            category, channel, ..
        } = *choice;
        let wanted = choice.on.then_some(choice.frequency);
        if choice.topic.is_empty() {
            let rows = self.in_category(category, channel);
            if rows.is_empty() {
                let reason = "nothing of this category that can be switched takes this channel";
                return self.fault(format!("/topics/{at}/category"), reason);
            }
            self.word(category, "", channel, wanted);
            for row in rows {
                // By name too, so that no profile that names it brings it back.
                self.word(category, &row.topic, channel, wanted);
            }
            return;
        }
        match self.row(category, &choice.topic, channel) {
            None => {
                let reason = "there is no such topic in this category on this channel";
                self.fault(format!("/topics/{at}/topic"), reason);
            }
            Some(row) if row.always_on => self.way(at, row, wanted),
            Some(_) => {
                let now = self.customer.preference(category, &choice.topic, channel);
                if wish_of(now) != wanted {
                    self.word(category, &choice.topic, channel, wanted);
                }
            }
        }
    }

    /// What protects the customer or is required by law is always on; which way it comes is
    /// theirs to choose, as long as another is left by which it reaches them.
    fn way(&mut self, at: usize, row: &Row, wanted: Option<Frequency>) {
        if wanted == wanted_now(&self.customer, row) {
            return;
        }
        let reason = match wanted {
            Some(Frequency::Each) => None,
            None if has_other_way((self.facts, &self.customer), self.rows, row, self.said.at) => {
                None
            }
            None => Some("it is always on, and no other way is left by which it reaches them"),
            Some(_) => {
                Some("what protects the customer or is required by law comes as each message")
            }
        };
        match reason {
            Some(reason) => self.fault(format!("/topics/{at}/on"), reason),
            None => self.word(row.category, &row.topic, row.channel, wanted),
        }
    }

    fn row(&self, category: Category, topic: &str, channel: Channel) -> Option<&'a Row> {
        let mut rows = self.rows.iter();
        rows.find(|row| {
            (row.category, row.topic.as_str(), row.channel) == (category, topic, channel)
        })
    }

    /// The topics of a category that have a switch.
    fn in_category(&self, category: Category, channel: Channel) -> Vec<&'a Row> {
        let rows = self.rows.iter();
        rows.filter(|row| row.category == category && row.channel == channel && !row.always_on)
            .collect()
    }

    fn withdraw_offers(&mut self, channel: Channel) {
        let purpose = ConsentPurpose::Marketing;
        let line = self.customer.withdraw(channel, purpose, self.said);
        self.lines.extend(line);
    }

    /// Puts the customer's own word in place of all others about the same.
    fn word(
        &mut self,
        category: Category,
        topic: &str,
        channel: Channel,
        wanted: Option<Frequency>,
    ) {
        let word = Preference {
            category,
            topic: topic.to_owned(),
            channel,
            on: wanted.is_some(),
            frequency: wanted.unwrap_or(Frequency::Each),
            chosen: true,
        };
        let preferences = &mut self.customer.preferences;
        let mut same = preferences.iter().filter(|kept| kept.is_about_same(&word));
        if same.next() == Some(&word) && same.next().is_none() {
            return;
        }
        preferences.retain(|kept| !kept.is_about_same(&word));
        preferences.push(word);
    }

    fn fault(&mut self, pointer: String, reason: &str) {
        self.faults.push(CustomerFault {
            pointer,
            reason: reason.to_owned(),
        });
    }
}
