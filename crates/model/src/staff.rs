//! The people who run the marketplace: their roles, what each role may do, and the line
//! that is written down when one of them changes something.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::words::define_words;
use crate::{AuditId, Instant, StaffId};

define_words!(
    /// What a member of staff is there for. One person may have several.
    Role, "role",
    /// Runs everything, and looks after the accounts of the others.
    Operator = 1, "operator";
    /// Templates and campaigns.
    Marketer = 2, "marketer";
    /// Customers' messages, and why one did not arrive.
    Support = 3, "support";
    /// What may leave, and what customers report.
    Trust = 4, "trust";
    /// Sees everything and changes nothing.
    Auditor = 5, "auditor";
);

define_words!(
    /// One thing that can be allowed. Every route of the console names one.
    Permission, "permission",
    /// Customers' messages with their whole path.
    ReadMessages = 1, "read_messages";
    /// Events that made no message, and why.
    ReadFailedEvents = 2, "read_failed_events";
    /// Trying such an event again.
    RetryFailedEvents = 3, "retry_failed_events";
    /// Message types and their templates.
    ReadTemplates = 4, "read_templates";
    /// Changing, publishing and rolling back templates.
    EditTemplates = 5, "edit_templates";
    /// Making and starting campaigns.
    RunCampaigns = 6, "run_campaigns";
    /// Letting out what the guard stopped.
    OverrideGuard = 7, "override_guard";
    /// Giving verdicts on what customers report.
    WorkScamDesk = 8, "work_scam_desk";
    /// Who works here, with which roles.
    ReadStaff = 9, "read_staff";
    /// Adding, changing, disabling and resetting accounts of staff.
    ManageStaff = 10, "manage_staff";
    /// Who changed what, and when.
    ReadAudit = 11, "read_audit";
    /// What sending costs, and how much of each budget is left.
    ReadCosts = 12, "read_costs";
    /// What one customer allowed and stopped, and the addresses that nothing goes to.
    ReadCustomers = 13, "read_customers";
    /// Stopping for a customer; adding and undoing suppressions.
    StopForCustomers = 14, "stop_for_customers";
);

impl Permission {
    /// Whether it lets one see only.
    pub const fn only_reads(self) -> bool {
        matches!(
            self,
            Self::ReadMessages
                | Self::ReadFailedEvents
                | Self::ReadTemplates
                | Self::ReadStaff
                | Self::ReadAudit
                | Self::ReadCosts
                | Self::ReadCustomers
        )
    }
}

impl Role {
    /// Whether this role alone allows it.
    pub const fn may(self, permission: Permission) -> bool {
        use Permission as P;
        match self {
            Self::Operator => true,
            Self::Auditor => permission.only_reads(),
            Self::Marketer => matches!(
                permission,
                P::ReadTemplates | P::EditTemplates | P::RunCampaigns | P::ReadCosts
            ),
            Self::Support => matches!(
                permission,
                P::ReadMessages
                    | P::ReadFailedEvents
                    | P::ReadTemplates
                    | P::ReadCustomers
                    | P::StopForCustomers
            ),
            Self::Trust => matches!(
                permission,
                P::ReadMessages
                    | P::ReadFailedEvents
                    | P::ReadTemplates
                    | P::OverrideGuard
                    | P::WorkScamDesk
                    | P::ReadCustomers
                    | P::StopForCustomers
            ),
        }
    }
}

/// The roles of one person.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Roles(u8);

impl Roles {
    /// From the store's number; bits without a role are dropped.
    pub fn from_number(number: u8) -> Self {
        let held = Role::ALL.iter().copied();
        held.filter(|role| number & bit(*role) != 0).collect()
    }

    /// The number the store keeps.
    pub const fn number(self) -> u8 {
        self.0
    }

    /// Whether it is among them.
    pub const fn has(self, role: Role) -> bool {
        self.0 & bit(role) != 0
    }

    /// Whether there is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The roles in their order.
    pub fn iter(self) -> impl Iterator<Item = Role> {
        Role::ALL
            .iter()
            .copied()
            .filter(move |role| self.has(*role))
    }

    /// Whether one of them allows it.
    pub fn may(self, permission: Permission) -> bool {
        self.iter().any(|role| role.may(permission))
    }
}

const fn bit(role: Role) -> u8 {
    1 << (role.number() - 1)
}

impl FromIterator<Role> for Roles {
    fn from_iter<I: IntoIterator<Item = Role>>(roles: I) -> Self {
        Self(roles.into_iter().fold(0, |all, role| all | bit(role)))
    }
}

impl std::fmt::Display for Roles {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let words: Vec<&str> = self.iter().map(Role::as_str).collect();
        f.write_str(&words.join(", "))
    }
}

define_words!(
    /// From where a change came.
    Origin, "origin",
    /// A page of the console, by somebody signed in.
    Console = 1, "console";
    /// The command line of the server.
    Command = 2, "command";
    /// The console of the demo, which asks nobody to sign in.
    Demo = 3, "demo";
    /// A page that asks who one is: signing in, enrolling.
    Door = 4, "door";
    /// A call of the API, by a key.
    Api = 5, "api";
);

/// A line of the audit: what one person changed. Written with the change itself, and never
/// changed or removed. Holds ids and words, no personal data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuditLine {
    /// Its id; later lines have larger ones.
    pub id: AuditId,
    /// When.
    pub at: Instant,
    /// Who, where that is known.
    pub who: Option<StaffId>,
    /// From where.
    pub origin: Origin,
    /// What was done: `staff.added`, `failed_event.retried`.
    pub action: String,
    /// What it was done to, by its id; empty where it has none.
    pub subject: String,
    /// More of it, as a JSON object.
    pub details: Value,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A row a permission: who may do it, in the order of the roles.
    const TABLE: &[(Permission, [bool; 5])] = &[
        // operator, marketer, support, trust, auditor
        (Permission::ReadMessages, [true, false, true, true, true]),
        (
            Permission::ReadFailedEvents,
            [true, false, true, true, true],
        ),
        (
            Permission::RetryFailedEvents,
            [true, false, false, false, false],
        ),
        (Permission::ReadTemplates, [true, true, true, true, true]),
        (Permission::EditTemplates, [true, true, false, false, false]),
        (Permission::RunCampaigns, [true, true, false, false, false]),
        (Permission::OverrideGuard, [true, false, false, true, false]),
        (Permission::WorkScamDesk, [true, false, false, true, false]),
        (Permission::ReadStaff, [true, false, false, false, true]),
        (Permission::ManageStaff, [true, false, false, false, false]),
        (Permission::ReadAudit, [true, false, false, false, true]),
        (Permission::ReadCosts, [true, true, false, false, true]),
        (Permission::ReadCustomers, [true, false, true, true, true]),
        (
            Permission::StopForCustomers,
            [true, false, true, true, false],
        ),
    ];

    #[test]
    fn each_role_may_do_what_the_table_says() {
        let named: Vec<Permission> = TABLE.iter().map(|(permission, _)| *permission).collect();
        assert_eq!(named, Permission::ALL, "every permission has its row");
        for (permission, allowed) in TABLE {
            for (role, allowed) in Role::ALL.iter().zip(allowed) {
                assert_eq!(role.may(*permission), *allowed, "{role} {permission}");
            }
        }
    }

    #[test]
    fn somebody_who_only_audits_changes_nothing() {
        for permission in Permission::ALL {
            assert!(!Role::Auditor.may(*permission) || permission.only_reads());
        }
    }

    #[test]
    fn roles_add_up_and_survive_their_number() {
        let roles: Roles = [Role::Support, Role::Marketer].into_iter().collect();
        assert_eq!(roles.to_string(), "marketer, support");
        assert!(roles.may(Permission::EditTemplates) && roles.may(Permission::ReadMessages));
        assert!(!roles.may(Permission::ReadAudit));
        assert_eq!(Roles::from_number(roles.number()), roles);
        assert!(Roles::default().is_empty());
        let none = Permission::ALL.iter().any(|p| Roles::default().may(*p));
        assert!(!none);
        assert_eq!(
            Roles::from_number(0b1110_0001),
            [Role::Operator].into_iter().collect()
        );
    }
}
