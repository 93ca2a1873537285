//! What the placeholders of a text can stand for.

use std::collections::BTreeSet;

/// What the placeholders of a text can stand for: texts are parsed in the order in which they are
/// filled in.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct PlaceholderScope {
    /// How many values the texts before this one draw.
    draws: usize,
    /// Nothing may be drawn any more: the request has been sent.
    is_sent: bool,
    /// How many values the request draws that this one follows, if it follows one.
    after: Option<usize>,
    /// What the texts so far need of the answer to that one: JSON pointers.
    pub pointers: BTreeSet<String>,
}

/// What can be repeated of a request that this one follows.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Remembered {
    /// Its token.
    Token,
    /// Its number.
    Number,
    /// The value that it has drawn at this place, counted from 0.
    Drawn(usize),
    /// What its answer had at a JSON pointer.
    Answer(String),
}

impl PlaceholderScope {
    /// Of a request that follows one of another kind, or none.
    pub fn after(followed: Option<&PlaceholderScope>) -> Self {
        PlaceholderScope {
            after: followed.map(|followed| followed.draws),
            ..PlaceholderScope::default()
        }
    }

    /// The same, once all that the request draws was drawn.
    pub fn sent(self) -> Self {
        PlaceholderScope {
            is_sent: true,
            ..self
        }
    }

    /// Counts one more value that is drawn.
    ///
    /// # Errors
    /// When it is too late for that.
    pub fn draw(&mut self) -> Result<(), String> {
        if self.is_sent {
            return Err(
                "what is expected cannot be drawn anew; `{pick}` repeats what the request draws"
                    .to_owned(),
            );
        }
        self.draws += 1;
        Ok(())
    }

    /// The place of the drawn value that `{pick}` or `{pick.2}` repeats; none if it is no
    /// placeholder.
    pub fn repeated(&self, name: &str) -> Result<Option<usize>, String> {
        repeated(name, name, self.draws)
    }

    /// What `{after.…}` stands for; none if it is no placeholder.
    pub fn remembered(&mut self, name: &str) -> Result<Option<Remembered>, String> {
        let Some(of) = name.strip_prefix("after.") else {
            return Ok(None);
        };
        let Some(draws) = self.after else {
            return Err(format!(
                "`{{{name}}}` is of the request that this one follows: say which by `after`"
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

/// The place of the drawn value that `{pick}` or `{pick.2}` repeats, of so many; none if it is no
/// placeholder. `name` is the placeholder as a whole.
fn repeated(name: &str, of: &str, draws: usize) -> Result<Option<usize>, String> {
    let nth = match of.strip_prefix("pick.").map(str::parse::<usize>) {
        None if of != "pick" => return Ok(None),
        None if draws > 1 => {
            return Err(format!(
                "`{{{name}}}` may be any of the {draws} values that the request draws: write `{{{name}.1}}` for the \
                 first (they count through path, headers and json)"
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
        "`{{{name}}}` repeats a value that the request draws by `{{pick:a|b}}` or `$pick`, and {drawn} before it"
    ))
}
