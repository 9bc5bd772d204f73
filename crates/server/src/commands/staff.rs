//! `tidings staff`: accounts for the console, past the console. The first operator comes
//! from here, and so does the way back for the last one.

use anyhow::{Result, anyhow};
use model::{Role, Roles, StaffId};
use ring::rand::SystemRandom;
use serde_json::{Value, json};
use store::{StaffAccount, Store};
use web::staff::{Actor, Invited, add_staff, disable_staff, enrol_url, reset_staff};

use crate::cli::{AddStaff, ListStaff, OneStaff, Staff};
use crate::config::Config;
use crate::{clock, config};

pub async fn run(arguments: Staff) -> Result<()> {
    let file = match &arguments {
        Staff::Add(arguments) => &arguments.config,
        Staff::List(arguments) => &arguments.config,
        Staff::Disable(arguments) | Staff::Reset(arguments) => &arguments.config,
    };
    let config = config::load(file)?;
    let store = config.store.place().open(clock::now()).await?;
    let done = match &arguments {
        Staff::Add(arguments) => add(&store, &config, arguments).await,
        Staff::List(arguments) => list(&store, arguments).await,
        Staff::Disable(arguments) => disable(&store, arguments).await,
        Staff::Reset(arguments) => reset(&store, &config, arguments).await,
    };
    store.close().await;
    done
}

async fn add(store: &Store, config: &Config, arguments: &AddStaff) -> Result<()> {
    let roles: Roles = arguments
        .roles
        .iter()
        .map(|role| role.parse::<Role>())
        .collect::<Result<_, _>>()?;
    let invited = add_staff(
        store,
        &SystemRandom::new(),
        Actor::COMMAND,
        (&arguments.name, &arguments.email),
        roles,
        clock::now(),
    )
    .await?;
    show_link(config, &invited, arguments.json);
    Ok(())
}

async fn reset(store: &Store, config: &Config, arguments: &OneStaff) -> Result<()> {
    let id = find(store, &arguments.email).await?;
    let random = SystemRandom::new();
    let invited = reset_staff(store, &random, Actor::COMMAND, id, clock::now()).await?;
    show_link(config, &invited, arguments.json);
    Ok(())
}

async fn disable(store: &Store, arguments: &OneStaff) -> Result<()> {
    let id = find(store, &arguments.email).await?;
    disable_staff(store, Actor::COMMAND, id, clock::now()).await?;
    if arguments.json {
        println!("{}", json!({ "id": id, "disabled": true }));
    } else {
        println!("{id} is disabled, and signed out everywhere.");
    }
    Ok(())
}

async fn list(store: &Store, arguments: &ListStaff) -> Result<()> {
    let staff = store.staff().await?;
    if arguments.json {
        let all: Vec<Value> = staff.iter().map(shown).collect();
        println!("{}", json!({ "staff": all }));
        return Ok(());
    }
    for account in &staff {
        let (name, login) = (account.name.open(), account.login.open());
        println!(
            "{}  {login}  {name}  {}  {}",
            account.id,
            account.roles,
            state(account)
        );
    }
    if staff.is_empty() {
        println!("Nobody yet. `tidings staff add` makes the first account.");
    }
    Ok(())
}

async fn find(store: &Store, email: &str) -> Result<StaffId> {
    let login = email.trim().to_lowercase();
    let found = store.staff_by_login(login).await?;
    let found = found.ok_or_else(|| anyhow!("nobody signs in with this address"))?;
    Ok(found.id)
}

fn show_link(config: &Config, invited: &Invited, json: bool) {
    let url = enrol_url(&config.server.public_url, invited);
    if json {
        let shown = json!({ "id": invited.id, "url": url, "expires_at": invited.expires_at });
        println!("{shown}");
    } else {
        println!("{url}");
        eprintln!(
            "Hand this link over on a way that only they read. It works once, until {}.",
            invited.expires_at
        );
    }
}

fn state(account: &StaffAccount) -> &'static str {
    if account.disabled_at.is_some() {
        "disabled"
    } else if account.can_sign_in() {
        "active"
    } else {
        "invited"
    }
}

fn shown(account: &StaffAccount) -> Value {
    json!({
        "id": account.id,
        "name": account.name,
        "email": account.login,
        "roles": account.roles.iter().collect::<Vec<_>>(),
        "state": state(account),
        "created_at": account.created_at,
        "enrolled_at": account.enrolled_at,
    })
}
