//! The values that placeholders can refer to.

use std::collections::BTreeSet;

/// The values that the placeholders of a text can refer to. Texts are parsed in the order in which
/// they are filled in.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct PlaceholderScope {
    /// How many values the earlier texts draw.
    draws: usize,
    /// The request has been sent, so nothing more can be drawn.
    is_sent: bool,
    /// How many values the followed request draws, if this request follows one.
    after: Option<usize>,
    /// The JSON pointers that the texts so far read in the followed request's response.
    pub pointers: BTreeSet<String>,
}

/// A value of the request that this one follows.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Remembered {
    /// Its token.
    Token,
    /// Its number.
    Number,
    /// The value that it drew at this position, counted from 0.
    Drawn(usize),
    /// The value at a JSON pointer of its response.
    Answer(String),
}

impl PlaceholderScope {
    /// The scope of a request that follows another one, or none.
    pub fn after(followed: Option<&PlaceholderScope>) -> Self {
        PlaceholderScope {
            after: followed.map(|followed| followed.draws),
            ..PlaceholderScope::default()
        }
    }

    /// The scope after the request is sent.
    pub fn sent(self) -> Self {
        PlaceholderScope {
            is_sent: true,
            ..self
        }
    }

    /// Counts one more drawn value.
    ///
    /// # Errors
    /// When the request has been sent.
    pub fn draw(&mut self) -> Result<(), String> {
        if self.is_sent {
            return Err(
                "nothing can be drawn after the request is sent; `{pick}` repeats the value that it drew"
                    .to_owned(),
            );
        }
        self.draws += 1;
        Ok(())
    }

    /// The position of the drawn value that `{pick}` or `{pick.2}` repeats; `None` for any other
    /// name.
    pub fn repeated(&self, name: &str) -> Result<Option<usize>, String> {
        repeated(name, name, self.draws)
    }

    /// The value that `{after.…}` stands for; `None` for any other name.
    pub fn remembered(&mut self, name: &str) -> Result<Option<Remembered>, String> {
        let Some(of) = name.strip_prefix("after.") else {
            return Ok(None);
        };
        let Some(draws) = self.after else {
            return Err(format!(
                "`{{{name}}}` needs a request to follow: name it with `after`"
            ));
        };
        Ok(Some(match of {
            "token" => Remembered::Token,
            "n" => Remembered::Number,
            pointer if pointer.starts_with('/') => {
                self.pointers.insert(pointer.to_owned());
                Remembered::Answer(pointer.to_owned())
            }
            _ => match repeated(name, of, draws)? {
                Some(nth) => Remembered::Drawn(nth),
                None => return Ok(None),
            },
        }))
    }
}

/// The position of the drawn value that `{pick}` or `{pick.2}` repeats, among `draws`; `None` for
/// any other name. `name` is the whole placeholder, for errors.
fn repeated(name: &str, of: &str, draws: usize) -> Result<Option<usize>, String> {
    let nth = match of.strip_prefix("pick.").map(str::parse::<usize>) {
        None if of != "pick" => return Ok(None),
        None if draws > 1 => {
            return Err(format!(
                "`{{{name}}}` may be any of the {draws} values that the request draws: write `{{{name}.1}}` for the \
                 first one, counted through path, headers and json"
            ));
        }
        None => 1,
        Some(Ok(nth)) if nth > 0 => nth,
        Some(_) => return Ok(None),
    };
    if nth <= draws {
        return Ok(Some(nth - 1));
    }
    let drawn = match draws {
        0 => "none is drawn".to_owned(),
        _ => format!("only {draws} are drawn"),
    };
    Err(format!(
        "`{{{name}}}` repeats a value that the request draws with `{{pick:a|b}}` or `$pick`, but {drawn} before it"
    ))
}
