"""Which channel and which version of a file a note is of, and what lengths of time it names."""

from __future__ import annotations

import pytest

from agent.triage.channels import of_other_channel, spared
from agent.triage.lengths import longest_told_s
from agent.triage.versions import of_other_version


@pytest.mark.parametrize(
    ("text", "service", "other"),
    [
        ("Sport 2 is off", "Sport 1", True),
        ("Sport 1 is off, Sport 2 is not", "Sport 1", False),
        ("Regio Nord is on strike", "Regio Sued", True),
        ("The second house is on Plenum Two", "Plenum", True),
        ("Plenum shows the arms", "Plenum", False),
        ("Vier: the cave scene", "Vier TV", False),
        ("The film is silent", "Sport 1", False),
        ("SPORT 1 is off", "Sport 1", False),
        ("anything", "", False),
        ("Path C stands", "Path B", True),
        ("They opt out at TV Inland by hand", "TV Coast", True),
        ("TV Coast opts out by hand, TV Inland does not", "TV Coast", False),
        ("Arena 2, 16:35 to 16:50: no sound", "Arena 2 Backup", False),
        ("Muted on Lakeview 0655-0800z", "Lakeview Info", False),
        ("Newsline, 10.15 to 10.40, as it is", "Newsline", False),
        ("No sound on Small Hall Live tonight", "Plenum Live", True),
        ("No sound on Plenum Live tonight", "Plenum Live", False),
        ("Path 1 is dead", "Derby Path 2", True),
        ("P2 is dead, Path 1 is not", "Derby Path 2", False),
        ("Nothing on 2 for a while, take Path 1", "Derby Path 2", False),
        ("Arena KR only: no sound", "Arena Live", True),
        ("Hall 5: the picture flickers", "Faculty Lecture Hall 7 Capture", True),
        ("Hall 7: the picture flickers", "Faculty Lecture Hall 7 Capture", False),
        ("London sends a tone on GBN 24", "Global Business News 24", False),
        ("PPV 4: fixture card", "Island Sevens Pay-Per-View 4", False),
        ("Return 5 is muted from ten", "Fan Zone Return Sound 3", True),
        ("The Jakarta two-way is dropped, line 3 released", "Jakarta Line 3", False),
        ("First Date: the break is unsold", "Second Date", True),
        ("Second Date: the break is unsold", "Second Date", False),
        ("Cameras 1 to 3 send a still", "Speed Wall Camera 5", True),
        ("Modem of channel 8 is swapped", "Occasional 5", True),
        ("Cameras 4 to 6 send a still", "Speed Wall Camera 5", False),
        ("Sound of recorder A is repatched", "Opera Recorder B", True),
        ("No bulletin on Tele Adour", "Tele Garonne 3", True),
        ("Spor 7 Europe carries the league card", "Anadolu Spor Live 7", True),
        ("Spor 7 carries the league card", "Anadolu Spor Live 7", False),
        ("Tape 0471 has a crease", "Rescue, tape 0417", True),
        ("Tape 0417 of 1987 has a crease", "Rescue, tape 0417", False),
        ("Order 35-211, a film in 16:9", "Cine Mundo 35 Deliveries", False),
        ("Wolof is left empty, over to the French one", "House Dubs, French a:0 and Wolof a:1", False),
    ],
)
def test_sisters_are_told_apart(text: str, service: str, other: bool) -> None:
    assert of_other_channel(text, service) is other


@pytest.mark.parametrize(
    ("text", "service", "left_out"),
    [
        ("Ring A is off for ten minutes. Ring B is on mains and stays on air.", "Boxing Ring B Live", True),
        ("Song 14 is black for Taiwan. Premium Live carries it in full.", "Encore Premium Live", True),
        ("Return 5 is muted. Return 3 has a licence for sound.", "Fan Zone Return Sound 3", True),
        ("Live 6: mute until nine. The arrivals on Live 5 come with the band.", "Meridian Live 5", True),
        ("Junior 8 shows the card. Junior 5 does not take part.", "Junior 5", True),
        (
            "TV Coast 2 is off at the relay. The main mast with Fenland Tonight stays on air.",
            "Fenland Tonight",
            True,
        ),
        ("Reina Europa is mute. International carries it in full.", "Reina del Mar International", True),
        ("Trailer is cut. News 2 leaves the leg silent, the other as usual.", "News 2", False),
        ("Work on the antenna of the radio. This channel is not affected.", "Hochwald TV", True),
        ("Ring B is off for ten minutes. Ring A stays on air.", "Boxing Ring B Live", False),
        ("Path 1 stays on air. Path 2 is dark until ten.", "Derby Path 2", False),
        ("Sport 1 is muted at eight. Sport 2 as well, at nine.", "Sport 2", False),
        ("Sport 2 is on the card, the other stays live.", "Sport 2", False),
        ("119 is dark for ten minutes, 118 is fed from the other site and stays up", "Net 118 Film", True),
        ("118 is dark for ten minutes, 119 is fed from the other site and stays up", "Net 118 Film", False),
        ("Riga B is off for a new modulator. Nothing changes on A.", "Fencing Line Riga A", True),
        (
            "Foghorn goes without the third track. Lighthouse Keepers is delivered with both.",
            "Lighthouse Keepers 24",
            True,
        ),
        ("Taki 9 is off the air until five. Canli sells on until two.", "Bazar Canli 7", True),
        (
            "Sister Sport is dark till ten. The Light channel has its own supply.",
            "Kisal Light Television",
            True,
        ),
        ("Cloth over the lens of Burrow 5. Nobody touches Burrow 3 today.", "Puffin Burrow Cam 3", True),
        ("v1 of Duel 19 keeps the bad sync. v2 is the one for air.", "Duel 19, file v2", True),
        (
            "Manaus has said goodbye. Nothing more comes on Sat 11, studio carries on.",
            "Rio Sat 11 Live",
            False,
        ),
        ("One sleeve for the whole side. Music plays as normal.", "Music 6", False),
        ("P2 is dark while I repatch. Path 1 is healthy and on air.", "Derby Path 2", False),
        ("All outputs but Santa Cruz stay on the card.", "Canal 11 Santa Cruz", True),
        ("All outputs but La Paz stay on the card.", "Canal 11 Santa Cruz", False),
        ("UHD stands still at 21:15. HD is fed from the first truck and does not change.", "Rumble HD", True),
        ("No picture on Andes 41. Channel 40 comes in by fibre and is not affected.", "Pampa 40", True),
        ("Nytt 2 keeps its picture. Only number 3 goes black.", "Vestfold Nytt 3", False),
        ("No sound on Radio Belt until ten, studio picture stays up.", "Radio Belt Vision", False),
        ("7 to 12 are off the air. 1 to 6 come from the other site and stay up.", "News Light 9", False),
        ("Garage 90 is down for up to five minutes.", "Retro Garage 90", False),
        ("Camera pulses on can 8. Can 6 is even from end to end.", "Travel Films, can 6", True),
        ("Radio Monferrato comes on the left only. Number 97 has both sides.", "Radio Langhe 97", True),
        ("Rights had the Room 6 file stopped, it goes on saying 45.", "Live Room 6 Sessions", False),
        ("Changeover on B with the card. C plays straight through, no card there.", "Festival Stage C", True),
        ("anything. at all", "", False),
    ],
)
def test_a_sentence_may_leave_the_channel_out(text: str, service: str, left_out: bool) -> None:
    assert spared(text, service) is left_out


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("The web version is silent at 5:00. This file is the TV version.", True),
        ("Waiver of 3 May is for recording 113. This file is 114, to be complete.", True),
        ("Only the access copy has it muted; the spoken version, this file, is complete.", True),
        ("The radio mix may be hot. For the TV reel, which is this one, the usual rules hold.", True),
        ("Version 3 of the film passed the test. This file is version 3.", False),
        ("The access copy has it muted. This file is accepted as well.", False),
        ("Half a minute is silent, the author wants it. This file is released with the pause.", False),
        ("This file is the web version, silent at 5:00.", False),
    ],
)
def test_a_file_may_be_told_from_another_version(text: str, other: bool) -> None:
    assert of_other_version(text) is other


@pytest.mark.parametrize(
    ("text", "longest_s"),
    [
        ("up to 10 s", 10),
        ("3 to 5 seconds", 5),
        ("about half a minute", 30),
        ("two minutes' silence", 120),
        ("as good as it gets", None),
        ("a third of a second", None),
        ("from 11:00 to 11:02", None),
        ("an hour sometimes", 3600),
        ("four and a half minutes", 270),
        ("a minute and a half at most", 90),
        ("a quarter of an hour", 900),
        ("within twenty-five seconds", 25),
        ("a couple of minutes", 120),
        ("for the minute of the bell", 60),
        ("300 ms late", 0.3),
        ("sixteen a second", None),
        ("a second transponder", None),
        ("a second or so", 1),
        ("a pause of one second in the sound", 1),
        ("one second into the film", None),
        ("from 21h to 22h, the listening hour", None),
        ("it takes longer than the usual five minutes", None),
        ("held for five seconds at 4 min 12", 5),
        ("held for 18 seconds at sixteen minutes", 18),
    ],
)
def test_lengths_are_read(text: str, longest_s: float | None) -> None:
    assert longest_told_s(text) == longest_s
