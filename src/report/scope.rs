//! What a command may touch, and by which acts, shown before anything is done.

use std::fmt::Write;

use schemars::JsonSchema;
use serde::Serialize;

use super::{Forecast, table};
use crate::model::{FaultName, LinkFaultName};

/// Everything that a run on a stack may touch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Scope {
    /// The stack's name.
    pub stack: String,
    /// Its services, the backends first.
    pub services: Vec<Touched>,
    /// The URL that requests go to.
    pub url: String,
    /// The kinds of request, each as its method and path.
    pub requests: Vec<String>,
    /// The caps on a trial's load, in words.
    pub caps: String,
    /// How long the run may take, where it is a run.
    pub forecast: Option<Forecast>,
}

/// A service that may be touched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Touched {
    /// The service.
    pub service: String,
    /// Its driver, as the configuration spells it.
    pub driver: String,
    /// What exactly is touched, such as a container with its name and id, or commands.
    pub what: Vec<String>,
    /// Each kind of fault, and whether it can and may be done.
    pub faults: Vec<(String, Ability)>,
    /// Every act that faults, resets and healing may do to it.
    pub acts: Vec<String>,
    /// Its readiness probe; none for the API.
    pub probe: Option<String>,
}

/// Whether a fault can and may be done to a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Ability {
    /// It can and may be done.
    Yes,
    /// It can be done, but the configuration does not allow it.
    NotAllowed,
    /// The driver cannot do it to this service.
    Cannot,
}

impl Ability {
    fn word(self) -> &'static str {
        match self {
            Ability::Yes => "yes",
            Ability::NotAllowed => "not allowed",
            Ability::Cannot => "cannot",
        }
    }
}

impl Scope {
    /// What may be touched, one thing per line.
    pub fn text(&self) -> String {
        let mut text = format!(
            "What may be touched on the stack `{}`, and nothing else:\n",
            self.stack
        );
        for service in &self.services {
            let Touched {
                service: name,
                what,
                acts,
                probe,
                ..
            } = service;
            for (nth, what) in what.iter().enumerate() {
                let name = if nth == 0 { name } else { "" };
                let _ = writeln!(text, "  {name:<12} {what}");
            }
            let acts = match acts.is_empty() {
                true => "none".to_owned(),
                false => acts.join(", "),
            };
            let _ = writeln!(text, "  {:<12} acts: {acts}", "");
            if let Some(probe) = probe {
                let _ = writeln!(text, "  {:<12} probe: {probe}", "");
            }
        }
        let _ = writeln!(
            text,
            "  {:<12} {} to {}\n  {:<12} {}",
            "requests",
            self.requests.join(", "),
            self.url,
            "",
            self.caps
        );
        if let Some(forecast) = &self.forecast {
            let _ = writeln!(text, "  {:<12} {forecast}", "time");
        }
        text
    }

    /// The same in one line, shortened: what is faulted and how, and where requests go.
    pub fn line(&self) -> String {
        let services = self.services.iter().filter(|service| {
            let mut faults = service.faults.iter();
            faults.any(|(_, ability)| *ability == Ability::Yes)
        });
        let services = services.map(|service| {
            let faults = service.faults.iter();
            let done = faults.filter(|(_, ability)| *ability == Ability::Yes);
            let done = in_short(done.map(|(fault, _)| fault.as_str()));
            format!(
                "{} of {} ({})",
                done.join(", "),
                service.service,
                service.driver
            )
        });
        let services = Vec::from_iter(services).join("; ");
        let forecast = self.forecast.map(|forecast| format!("; {forecast}"));
        format!(
            "{services}; requests to {}{}; `--dry-run` lists everything",
            self.url,
            forecast.unwrap_or_default()
        )
    }

    /// What each driver can do to its service, and how many faults its link.
    pub fn abilities(&self) -> String {
        let of_link = |service: &Touched| {
            let faults = service.faults.iter();
            let faults = faults.filter(|(fault, _)| needs_link(fault));
            Vec::from_iter(faults.map(|(_, ability)| *ability))
        };
        let has_links = self.services.iter().any(|s| !of_link(s).is_empty());
        let own = FaultName::OF_SERVICES.map(FaultName::name);
        let link = has_links.then_some("link");
        let header = ["service", "driver"].into_iter().chain(own).chain(link);
        let header = Vec::from_iter(header);
        let rows = self.services.iter().map(|service| {
            let faults = service.faults.iter();
            let faults = faults.filter(|(fault, _)| !needs_link(fault));
            let faults = faults.map(|(_, ability)| ability.word().to_owned());
            let on_link = has_links.then(|| {
                let all = of_link(service);
                let done = all.iter().filter(|ability| **ability == Ability::Yes);
                match all.len() {
                    0 => "none".to_owned(),
                    most => format!("{} of {most}", done.count()),
                }
            });
            [service.service.clone(), service.driver.clone()]
                .into_iter()
                .chain(faults)
                .chain(on_link)
                .collect()
        });
        table(&header, header.len(), rows)
    }
}

fn needs_link(fault: &str) -> bool {
    FaultName::named(fault).is_some_and(FaultName::needs_link)
}

/// Faults by name; all faults of a link are said in one word.
fn in_short<'a>(faults: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let (on_link, mut faults): (Vec<&str>, Vec<&str>) = faults.partition(|fault| needs_link(fault));
    match on_link.len() == LinkFaultName::ALL.len() {
        true => faults.push("all of the link"),
        false => faults.extend(on_link),
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_touched_is_listed_by_name_and_act() {
        let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
        let scope = Scope {
            stack: "shop".to_owned(),
            services: vec![Touched {
                service: "db".to_owned(),
                driver: "docker".to_owned(),
                what: words(&["the container `shop-db-1` (0123456789ab)"]),
                faults: vec![
                    ("stop".to_owned(), Ability::Yes),
                    ("pause".to_owned(), Ability::NotAllowed),
                    ("cut".to_owned(), Ability::Cannot),
                ],
                acts: words(&["stop", "start"]),
                probe: Some("pg_isready, inside it".to_owned()),
            }],
            url: "http://127.0.0.1:8080".to_owned(),
            requests: words(&["GET /", "POST /orders"]),
            caps: "at most 256 at once".to_owned(),
            forecast: None,
        };
        assert_eq!(
            scope.text(),
            "What may be touched on the stack `shop`, and nothing else:\n  \
               db           the container `shop-db-1` (0123456789ab)\n               \
                            acts: stop, start\n               \
                            probe: pg_isready, inside it\n  \
               requests     GET /, POST /orders to http://127.0.0.1:8080\n               \
                            at most 256 at once\n"
        );
        assert_eq!(
            scope.line(),
            "stop of db (docker); requests to http://127.0.0.1:8080; `--dry-run` lists everything"
        );
        let abilities = scope.abilities();
        assert!(
            abilities.contains("not allowed") && abilities.contains("cannot"),
            "{abilities}"
        );
    }
}
