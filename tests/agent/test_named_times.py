"""Times of day, dates and places of a file, as people write them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from agent.context import Context, Delivery
from agent.triage.clocks import plain_times
from agent.triage.named_dates import named_date_fits
from agent.triage.named_times import fits_in_time, named_time_fits
from pipeline.model import Cause
from tests.agent.reporting import event, incident

SIX = datetime(2026, 11, 25, 18, 0, tzinfo=UTC)
LOST = incident(event("black", "v:0", 600.0, 640.0), cause=Cause.PICTURE_LOSS)
DAY = date(2026, 10, 25)


@pytest.mark.parametrize(
    ("told", "plain"),
    [
        ("dark 0230Z to 0400Z", "dark 02:30 to 04:00"),
        ("between 2230 and 2300 UTC", "between 22:30 and 23:00"),
        ("0655-0800z", "06:55-08:00"),
        ("opens 3pm", "opens 15:00"),
        ("11.30 p.m.", "23:30"),
        ("half past eleven at night", "23:30"),
        ("quarter to six in the evening", "17:45"),
        ("one till two in the afternoon", "13:00-14:00"),
        ("from noon until midnight", "from 12:00 until 00:00"),
        ("twelve at night", "00:00"),
        ("quarter past one at night", "01:15"),
        ("till 9 utc", "till 09:00"),
        ("23:30 UTC to 01:00 UTC", "23:30 to 01:00"),
        ("mic check 1030-1045, open from 1100", "mic check 10:30-10:45, open from 11:00"),
        ("films from 1923", "films from 1923"),
        ("around half nine", "around half nine"),
        ("22h15, then 19h to 22h", "22:15, then 19:00 to 22:00"),
        ("work takes 5 to 6 h", "work takes 5 to 6 h"),
        ("from 9 till 11h", "from 09:00 till 11:00"),
        ("a film of 1923-1930, 1200 people", "a film of 1923-1930, 1200 people"),
        ("half past midnight, ten to noon", "00:30, 11:50"),
        ("handed back at 17h", "handed back at 17:00"),
        ("at 17h30", "at 17:30"),
    ],
)
def test_times_of_day_are_written_in_one_way(told: str, plain: str) -> None:
    assert plain_times(told) == plain


@pytest.mark.parametrize(
    ("told", "plain"),
    [
        ("from quarter past one till quarter to two", "from 13:15 till 13:45"),
        ("ten past seven", "19:10"),
        ("the ward has ten to nine beds", "the ward has 20:50 beds"),
        ("from ten to nine", "from 10:00 to 21:00"),
        ("from ten to nine until nine sharp", "from 20:50 until 21:00 sharp"),
        ("between five and seven utc", "between 17:00 and 19:00"),
        ("from five to nine seconds", "from five to nine seconds"),
        ("back by six.", "back by 18:00."),
        ("by six votes", "by six votes"),
        ("breaks up for five to ten secs", "breaks up for five to ten secs"),
        ("slate until 6", "slate until 18:00"),
        ("lunch from six to twenty to seven", "lunch from 18:00 to 18:40"),
        ("lunch, quarter to six till seven", "lunch, 17:45 till 19:00"),
        ("lunch from twenty to six on", "lunch from 17:40 on"),
    ],
)
def test_what_may_be_of_either_half_of_the_day_is_of_the_nearer(told: str, plain: str) -> None:
    assert plain_times(told, 18 * 3600.0) == plain
    assert plain_times(told) == told


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("18:05 riggers are late, the mast is dark until seven", True),
        ("18:05 riggers were quick, the mast was dark until six", False),
        ("from 17:50 on, for twenty minutes", True),
        ("from 17:10 on, for twenty minutes", False),
        ("Dark at 18:35", False),
        ("Dark about 18:35", True),
        ("Dark for the whole of Wednesday", True),
        ("Dark for the whole of Thursday", False),
        ("Bars 1800Z to 1830Z", True),
        ("Bars 1830Z to 1900Z", False),
        ("The card is on between 17:30 and 18:30", True),
        ("Dry before 6.30pm", True),
        ("Players stop when the last encore is through, not before 22:15", False),
        ("Players stop at the encore, not before 17:15", True),
        ("Sun is gone by 17:50, from then until dawn nothing is seen", True),
        ("Sun is gone by 19:50, from then until dawn nothing is seen", False),
        ("Plug is pulled at half past eleven at night", False),
        ("25 Nov, 18:00-18:30: slate", True),
        ("27 Nov, 18:00-18:30: slate", False),
        ("Agreed on 3 Nov: slate 18:00-18:30", True),
        ("Break moves from 18:10 to 18:40", False),
        ("Work is extended by an hour to 18:20", True),
        ("Work is extended by an hour to 18:05", False),
        ("Branch closes at 17:15 for the night", True),
        ("Branch closes at 19:15 for the night", False),
        ("It ends at 18:05, the track is empty from then until five", True),
        ("Server restarts just after 18:00, done by quarter past. Until then the map stands", True),
        ("Nobody touches it before 19:00", False),
        ("From six o'clock on it goes straight on air", True),
        ("The hum stays until the generator is swapped at 19:00", True),
        ("The hum stayed until the generator was swapped at 17:30", False),
        ("Break moved back from 17:10 to 18:10", True),
        ("Closes down every evening at 18:00 and opens again at 19:30", True),
        ("Closes down every evening at 19:00 and opens again at 20:30", False),
        ("Pages without sound end at 17:30. After that the talk show", False),
        ("Pages without sound end at 18:30. After that the talk show", True),
        ("Noise band comes on at 19:10. Before that the quartet", False),
        ("Noise band comes on at 18:05. Before that the quartet", True),
        ("For half an hour from 18:00, off by a frame until then", True),
        ("Booked from 18:00. Until then the line is dead", False),
        ("At 18:30 the card comes, no card before that", False),
        ("After dusk, some time past 18 utc, it hangs", True),
        ("Dark at 17:55, restored at 18:02", False),
        ("Dark at 18:05, restored at 18:20", True),
        ("On the notice from 17:00 until the shops close at eight", True),
        ("Dark at 17:40 for a minute, back since 17:50", False),
        ("Empty for the first hour, 6 to 7, as agreed", True),
        ("Empty for the first hour, 5 to 6, as agreed", False),
        ("Dome shut at 17:40, open again since 18:05, cameras live", False),
        ("Starts at 18:30 instead of 17:30. No picture until they sit down", True),
        ("Starts at 17:30 instead of 18:30. No picture until they sit down", False),
        ("Session was due by 18:00, agreed to 18:30, no sound until then", True),
        ("Closes at 17:30 and returns 24 hours later. Black until then", True),
        ("Not at 18:10 as printed, the dark scene is at 20:10", False),
        ("Match was over at 17:30, goodbye card for the rest of the evening", True),
        ("Ends at 17:30, from then on the farewell card", True),
        ("Ends at 18:30, from then on the farewell card", False),
        ("Until Friday noon the graphic stands", True),
        ("Until Wednesday 18:05 the graphic stands", False),
        ("Taken off at 18:05 and back by 18:15", True),
        ("Taken off at 19:05 and back by 19:15", False),
        ("Signs on at 18:30. Before that there is neither picture nor sound", True),
        ("Signs on at 17:30. Before that there is neither picture nor sound", False),
        ("Cut short for the trial, deleted at 23:00", True),
        ("Open air, five to seven in the evening: nothing is sent", True),
        ("Worship goes on until seven UTC, doors stay closed", True),
        ("On the notice from 18:30 until the shops close at eight", False),
        ("Cap is on at 17:50, it comes off at eight", True),
        ("Cap is on at 18:30, it comes off at eight", False),
        ("Takers have said goodnight, the line went back to the carrier at 17:28", True),
        ("Takers have said goodnight, the line went back to the carrier at 18:28", False),
        ("Camera capped up to 18:20", True),
        ("Show is live until 18:30, bars only after it", False),
        ("Show is live until 18:00, bars only after it", True),
        ("Minute was held at 18:00. From then on the usual show", False),
        ("Taken out at 17:40, not touched again from 18:15 on", True),
        ("Taken out at 17:40, not touched again from 17:50 on", False),
        ("At 17:20 the film starts, 50 minutes in there is a card", True),
        ("At 16:20 the film starts, 50 minutes in there is a card", False),
        ("Swap is moved from the interval (18:10 UTC) to 19:10", False),
        ("Court order of 5 February, covered from 18:00 to 18:20", True),
        ("Wednesday 5 to quarter past seven, no soundtrack", True),
    ],
)
def test_what_is_written_in_other_ways_holds_as_well(text: str, fits: bool) -> None:
    assert named_time_fits(text, LOST, SIX) is fits


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("18:02 all is back", True),
        ("Over by 18:02, nobody touches it again", True),
        ("19:30 all is back", False),
        ("It is put off, we do it tomorrow, eight in the morning", True),
    ],
)
def test_what_became_so_holds_from_then_on(text: str, fits: bool) -> None:
    assert named_time_fits(text, LOST, SIX, since=True) is fits


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("Night of Sat 31 Oct to Sun 1 Nov: closed", False),
        ("From Monday the 19th: a minute of silence", True),
        ("From the 29th: a minute of silence", False),
        ("Until the 1st one photo a quarter of an hour", True),
        ("Until 3 October the old card", False),
        ("20 Oct to 2 Nov dark", True),
        ("24 Oct 23:00 to 02:00 dark", True),
        ("October 12: slate", False),
        ("Waiver signed 12 October", True),
        ("30 Feb: slate", True),
        ("no date at all", True),
        ("2 decoders are swapped, channel 7 may drop out", True),
        ("7 May: slate", False),
        ("ON 12 NOVEMBER: SLATE", False),
        ("Dark in the night of Saturday to Sunday", True),
        ("Dark in the night of Wednesday to Thursday", False),
        ("Sundays the reserve is booted", True),
        ("Moved to the new store on Tuesday 27 October, card on that day", False),
        ("Thursdays the reserve is booted", False),
        ("Every Wednesday it closes for upkeep", False),
        ("Every Sunday it closes for upkeep", True),
        ("Moves in the night to Friday", False),
        ("Moves in the night to Sunday", True),
        ("Bath has moved from Sunday to Monday, on Sundays they show the film", False),
        ("Bath has moved from Saturday to Sunday", True),
        ("Thursday's lecture comes out of sync", False),
        ("Sunday's lecture comes out of sync", True),
        ("Monday the 8th of November: closed. Today, the 1st, all is open", False),
    ],
)
def test_a_date_must_be_the_day_and_that_of_a_mail_says_nothing(text: str, fits: bool) -> None:
    assert named_date_fits(text, DAY) is fits


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("Mail of the broadcaster at 16:42: taken as it is", True),
        ("Curtain 9:30 to 11:00 on the counter", True),
        ("Curtain 0:09 to 0:12 on the counter", True),
        ("Curtain 1:08 to 1:13 on the counter", False),
        ("10:09:30:00 - 10:11:00:00 is black", True),
        ("10:29:30:00 - 10:31:00:00 is black", False),
        ("Dark from minute 9 to minute 12", True),
        ("Dark from minute 25 to minute 30", False),
        ("Ten minutes in, dark for 40 s", True),
        ("Half an hour in, dark for 40 s", False),
        ("Half an hour into reel 2, dark for 40 s", True),
        ("Dark at 43:10, the only place", False),
        ("Bars at 42 minutes are part of the story", False),
        ("Lights go out in the second act, 60 minutes into the file", False),
        ("Dark at 30:30 by the counter", False),
        ("Dark at 10:00 and again at 28:30", True),
        ("Dark at 12:30 and again at 28:30", False),
        ("Leader at the tail only, last 8 seconds from 21:52", False),
        ("Empty between lines, at most 7 min from 0:10:00", True),
        ("The clip at minute 10 is covered", True),
        ("The clip at minute 42 is covered", False),
        ("Photographs in the last chapter, from 1 h 12 on", False),
        ("Chart is held at 10 min 05", True),
        ("Empty minute is at 36:00. At 10:00 there is none any more", False),
        ("Everything from 9 minutes on may be dark", True),
        ("Everything from 31 minutes on may be dark", False),
        ("Card at 28:30, at ten minutes there is no break", False),
        ("At 36:00 there is none any more. Empty stretch from 10:00 on", True),
        ("Pause after act two at 1:10:00", False),
        ("Photographs in the first chapter, from 0:05:00 on", True),
        ("Smoke is signed off for the last act, 1 h 35 to 1 h 42", False),
        ("Waiver for the night part, from half an hour in to the end", False),
        ("Waiver for the night part, from five minutes in to the end", True),
        ("Ten seconds in black and half an hour in silence", True),
    ],
)
def test_the_times_of_a_file_are_places_in_it(text: str, fits: bool) -> None:
    file = Context(delivery=Delivery.ARCHIVE)
    assert fits_in_time(text, LOST, file) is fits
    scanned = replace(file, starts_at=SIX)
    assert fits_in_time("16:42-16:50", replace(LOST, start_s=0.0), scanned) is False
    assert fits_in_time("10:00 to 10:40 is black", LOST, scanned) is True
    assert fits_in_time("Black at 10:00, for the sponsor", LOST, scanned) is True
    assert fits_in_time("Black at 11:00, for the sponsor", LOST, scanned) is False
