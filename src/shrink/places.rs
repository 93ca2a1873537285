//! Sets of steps.

/// A set of steps by their places; bit i is step i.
pub type Places = u128;

/// The most places a set can hold.
pub const MOST_PLACES: usize = Places::BITS as usize;

/// The set of the first places.
pub fn all(count: usize) -> Places {
    match count {
        MOST_PLACES => Places::MAX,
        _ => (1 << count) - 1,
    }
}

/// The places of a set, from the first.
pub fn bits(mut set: Places) -> impl Iterator<Item = u32> {
    std::iter::from_fn(move || {
        let place = set.trailing_zeros();
        (set != 0).then(|| {
            set &= set - 1;
            place
        })
    })
}
