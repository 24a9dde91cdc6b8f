//! Times as Step Functions writes them.

/// Milliseconds since 1970 of a time in UTC such as `2026-11-20T09:14:09.123Z`.
pub(crate) fn unix_millis(text: &str) -> Option<i64> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let [year, month, day] = numbers(date, '-')?;
    let (time, fraction) = time.split_once('.').unwrap_or((time, ""));
    let [hour, minute, second] = numbers(time, ':')?;
    if !(1970..=9999).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let millis: i64 = format!("{fraction:0<3}").get(..3)?.parse().ok()?;
    // Days since 1970 in the Gregorian calendar, with the leap day at the year's end.
    let (y, m) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719_468;
    Some((((days * 24 + hour) * 60 + minute) * 60 + second) * 1000 + millis)
}

/// A time in UTC such as `2026-11-20T09:14:09Z`, of seconds since 1970.
#[must_use]
pub fn rfc3339(seconds: i64) -> String {
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    // Years that begin in March, so that the leap day is the last, in eras of 400.
    let shifted = days + 719_468;
    let (era, day) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let of_era = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let of_year = day - (365 * of_era + of_era / 4 - of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = of_era + era * 400 + i64::from(month <= 2);
    let (hour, minute) = (second / 3600, second / 60 % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{:02}Z", second % 60)
}

/// The same to the millisecond, of milliseconds since 1970.
pub(super) fn rfc3339_millis(millis: i64) -> String {
    let seconds = rfc3339(millis.div_euclid(1_000));
    format!("{}.{:03}Z", seconds.trim_end_matches('Z'), millis.rem_euclid(1_000))
}

/// A day in UTC such as `2026-11-20`, of milliseconds since 1970.
pub(super) fn day(millis: i64) -> String {
    rfc3339(millis.div_euclid(1_000)).split('T').next().unwrap_or_default().to_owned()
}

/// Whether a text is a day such as `2026-11-20`.
pub(super) fn is_day(text: &str) -> bool {
    let is_padded = matches!(text.as_bytes(), [_, _, _, _, b'-', _, _, b'-', _, _]);
    let Some([year, month, day]) = numbers(text, '-').filter(|_| is_padded) else { return false };
    let is_leap_year = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if is_leap_year => 29,
        2 => 28,
        _ => return false,
    };
    (1970..=9999).contains(&year) && (1..=days).contains(&day)
}

fn numbers(text: &str, between: char) -> Option<[i64; 3]> {
    let mut numbers = text
        .split(between)
        .map(|part| part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse::<i64>().ok()).flatten());
    let found = [numbers.next()??, numbers.next()??, numbers.next()??];
    numbers.next().is_none().then_some(found)
}

#[cfg(test)]
mod tests {
    use super::{day, is_day, rfc3339, rfc3339_millis, unix_millis};

    #[test]
    fn a_time_is_counted_from_1970() {
        for (text, millis) in [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("2000-02-29T12:00:00.5Z", Some(951_825_600_500)),
            ("2026-11-20T09:14:09.123Z", Some(1_795_166_049_123)),
            ("2026-11-20T09:14:09.123456Z", Some(1_795_166_049_123)),
            ("2026-11-20T09:14:09+01:00", None),
            ("2026-13-20T09:14:09Z", None),
            ("2026-11-20", None),
            ("+026-11-20T09:14:09Z", None),
            ("", None),
        ] {
            assert_eq!(unix_millis(text), millis, "{text}");
        }
    }

    #[test]
    fn a_time_is_written_as_it_is_read() {
        for text in ["1970-01-01T00:00:00Z", "2000-02-29T12:00:00Z", "2026-11-20T09:14:09Z", "2028-12-31T23:59:59Z"] {
            assert_eq!(rfc3339(unix_millis(text).unwrap() / 1000), text);
        }
        assert_eq!(rfc3339_millis(1_795_166_049_023), "2026-11-20T09:14:09.023Z");
        assert_eq!(day(1_795_166_049_023), "2026-11-20");
    }

    #[test]
    fn a_day_is_one_of_the_calendar() {
        for (text, expected) in [
            ("2026-11-20", true),
            ("2028-02-29", true),
            ("2026-02-29", false),
            ("2100-02-29", false),
            ("2026-04-31", false),
            ("2026-13-01", false),
            ("2026-1-1", false),
            ("2026-001-1", false),
            ("2026-11-20T00:00:00Z", false),
            ("", false),
        ] {
            assert_eq!(is_day(text), expected, "{text}");
        }
    }
}
