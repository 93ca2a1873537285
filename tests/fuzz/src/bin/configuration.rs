//! Any text as `comeback.toml`: it is read and checked, and a mistake in it is put into words.
#![no_main]

use std::path::Path;

use comeback::config::Config;
use comeback::generator;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let variable = |name: &str| (name != "UNSET").then(|| "5001".to_owned());
    match Config::parse(text, Path::new("shop/comeback.toml"), &variable) {
        Ok(config) => {
            // What is accepted must be usable: every plan that is drawn fits, and is within the bounds.
            let plan = generator::plan(&config.space, 1, 0);
            plan.check().expect("a plan within the bounds");
            config.space.fits(&plan).expect("a plan that fits");
        }
        Err(error) => drop(error.to_string()),
    }
});
