"""What people are called, where they live and what they write, in German, Norwegian and English. All invented."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """The stock of one language. `{p}` stands for a product, `{c}` for a company, `{n}` for a first name."""

    code: str
    first: tuple[str, ...]
    last: tuple[str, ...]
    firm: tuple[str, ...]
    form: tuple[str, ...]
    towns: tuple[tuple[str, str], ...]
    """Country and town."""
    streets: tuple[str, ...]
    roles: tuple[str, ...]
    wants: tuple[str, ...]
    mails: tuple[tuple[str, str], ...]
    """Subject and body of a support record."""
    closings: tuple[str, ...]
    chats: tuple[str, ...]
    notes: tuple[str, ...]
    talks: tuple[str, ...]
    products: tuple[str, ...]
    qualities: tuple[str, ...]
    phone: str
    """A number range that is never given to anybody; `{}` takes three digits."""


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


GERMAN = Language(
    code="de",
    first=_names(
        "Anke Bernd Carla Dörte Emil Frauke Günther Hanna İlker Jannik Käthe Lorenz Mareike Niklas Özlem Paul Ronja "
        "Sören Theresa Ulrike Volker Wiebke Yannick Zoë Björn Jürgen Melanie Stefan Katharina Mehmet"
    ),
    last=_names(
        "Ahlers Böttcher Cordes Dreßler Eickhoff Fürst Großmann Hübner Jansen Köhler Lüdtke Möller Nußbaum Osterkamp "
        "Prüß Quandt Rößler Schäfer Thümmler Ullrich Vößing Weiß Yildiz Zöllner Brandt Krüger Petersen Stöcker"
    ),
    firm=_names(
        "Nordlicht Elbtal Morgenrot Feldweg Hafenkante Sonnenhof Waldfink Lindenblatt Kupferkessel Backstein Wattwurm "
        "Silberdistel Kornblume Uferweg Steinadler Apfelgarten Mühlbach Bernstein"
    ),
    form=(
        "Möbel GmbH",
        "Optik GmbH",
        "Fahrradhaus KG",
        "Küchenstudio GmbH",
        "Schuhe oHG",
        "Gartenmarkt GmbH",
        "Textil AG",
    ),
    towns=(
        ("DE", "10115 Berlin"),
        ("DE", "20457 Hamburg"),
        ("DE", "50667 Köln"),
        ("DE", "01067 Dresden"),
        ("DE", "28195 Bremen"),
        ("CH", "8001 Zürich"),
        ("AT", "1010 Wien"),
    ),
    streets=("Lindenstraße", "Am Markt", "Schillerplatz", "Mühlenweg", "Große Gasse", "Hafenstraße", "Birkenallee"),
    roles=("Geschäftsführerin", "Leiter E-Commerce", "Einkauf", "Filialleiterin", "Buchhaltung", "Entwickler"),
    wants=(
        "Beratung für Küchenplanung per Video",
        "Größenberatung im Schuhshop",
        "Videotermin statt Rückruf",
        "Pilot in zwei Filialen",
    ),
    mails=(
        (
            "Kamera startet nicht",
            "Guten Tag, seit dem Update bleibt das Kamerabild im Widget schwarz. Der Ton ist da. Können Sie helfen?",
        ),
        (
            "Frage zur Rechnung",
            "Hallo, auf der letzten Rechnung stehen mehr Plätze, als wir gebucht haben. Bitte prüfen Sie das.",
        ),
        (
            "Öffnungszeiten im Widget",
            "Wir möchten, dass der Knopf nach Ladenschluss verschwindet. Wo stellen wir das ein?",
        ),
        (
            "Neue Kollegin",
            "Bitte legen Sie für unsere neue Kollegin {n} einen Zugang an, sie berät ab Montag im Bereich {p}.",
        ),
        (
            "Ton bricht ab",
            "Während der Beratung zu {p} ist der Ton dreimal abgerissen. Das Netz im Laden ist in Ordnung.",
        ),
        (
            "Kündigung zum Monatsende",
            "Wir schließen unseren Laden und möchten das Konto zum Monatsende beenden. Was passiert mit unseren Daten?",
        ),
        (
            "Mitschnitt gesucht",
            "Eine Kundin reklamiert {p}. Gibt es zu dem Gespräch von gestern noch eine Aufzeichnung?",
        ),
    ),
    closings=("Viele Grüße, {n} von {c}", "Danke und Gruß, {n}", "Mit freundlichen Grüßen, {n} ({c})"),
    chats=(
        "Besucher: Läuft das auch mit unserem Shopsystem? Klarsyn: Ja, es ist eine Zeile im Kopf der Seite.",
        "Besucher: Was kostet ein Platz? Klarsyn: Das hängt von den Stunden ab, ich schicke Ihnen die Übersicht.",
        "Besucher: Speichern Sie Gespräche? Klarsyn: Nur wenn der Shop es einschaltet.",
    ),
    notes=(
        "fragt nach der Lieferzeit für {p}",
        "vergleicht {p} mit dem Vorjahresmodell",
        "möchte {p} im Laden ansehen",
        "Größe passt nicht, Umtausch",
    ),
    talks=(
        "Beratung: Womit kann ich helfen? Gast: Ich suche {p}. Beratung: Dies hier hält mehr aus. Gast: Gern.",
        "Gast: Ist {p} auch in Grün zu haben? Beratung: Ab Herbst wieder. Gast: Dann warte ich.",
    ),
    products=(
        "Eichentisch",
        "Gleitsichtbrille",
        "Tourenrad",
        "Wanderstiefel",
        "Leinenhemd",
        "Kaffeemühle",
        "Rosenschere",
        "Regal",
    ),
    qualities=("aus Massivholz", "handgefertigt", "mit langer Garantie", "für den Alltag", "in kleiner Auflage"),
    phone="+49 30 23125 {}",
)

NORWEGIAN = Language(
    code="nb",
    first=_names(
        "Åse Bjørn Cecilie Dag Eirik Frøydis Gunnar Håkon Ingrid Jørgen Kari Lars Marit Nils Øyvind Pål Ragnhild "
        "Sigrid Torbjørn Unni Vegard Synnøve Astrid Magnus Solveig Terje"
    ),
    last=_names(
        "Aasen Bakkejord Dahlberg Eidsvåg Fjellstad Grønli Haugerud Iversrud Kvåle Lønning Myrvold Nygård Opsahl "
        "Rødseth Sørlie Tveitå Ødegaard Åkerli Skogstad Strandvik Hovland Berge"
    ),
    firm=_names(
        "Fjordlys Nordvind Bryggen Snøklokke Granbar Havblikk Solsiden Elvebredd Ryggsekk Tindevei Multe Skjærgård "
        "Vinterhage Bjørkeved"
    ),
    form=("Møbler AS", "Sport AS", "Optikk AS", "Interiør AS", "Hage AS", "Barneklær AS"),
    towns=(
        ("NO", "0150 Oslo"),
        ("NO", "5003 Bergen"),
        ("NO", "7010 Trondheim"),
        ("NO", "4006 Stavanger"),
        ("NO", "9008 Tromsø"),
        ("DK", "1050 København"),
        ("SE", "111 20 Stockholm"),
    ),
    streets=("Storgata", "Kirkeveien", "Bryggekanten", "Skolebakken", "Fjordgata", "Åsveien"),
    roles=("daglig leder", "butikksjef", "regnskap", "utvikler", "markedssjef"),
    wants=("videohjelp i nettbutikken", "færre returer på ski", "rådgivning på kjøkken", "prøve i én butikk først"),
    mails=(
        ("Kameraet vil ikke starte", "Hei, kameraet er svart i Edge, men virker i Firefox. Har dere sett dette før?"),
        ("Spørsmål om faktura", "Hei! Vi har fått faktura for flere plasser enn vi har. Kan dere se på det?"),
        ("Flere språk", "Kan knappen vises på svensk for kundene våre i Sverige?"),
        ("Ny medarbeider", "{n} begynner hos oss på mandag og trenger tilgang. Hun skal hjelpe kunder med {p}."),
        ("Treg video", "Bildet hakker når vi viser {p}. Nettet i butikken er bra."),
        ("Avslutte avtalen", "Vi legger ned nettbutikken og vil avslutte kontoen. Hva skjer med opplysningene våre?"),
    ),
    closings=("Vennlig hilsen {n}, {c}", "Hilsen {n}", "Mvh {n} ({c})"),
    chats=(
        "Besøkende: Virker det uten innlogging? Klarsyn: Ja, kunden trykker bare på knappen.",
        "Besøkende: Har dere norsk support? Klarsyn: Ja, hver dag til klokken åtte.",
    ),
    notes=(
        "lurer på størrelse for {p}",
        "vil ha {p} levert hjem",
        "spør om garanti på {p}",
        "fant ikke {p} i butikken",
    ),
    talks=("Butikk: Hva leter du etter? Gjest: En {p} til hytta. Butikk: Denne tåler mest. Gjest: Fint, den tar jeg.",),
    products=("ullgenser", "fjellsko", "spisebord", "skipakke", "lenestol", "solbriller", "turtelt"),
    qualities=("laget i Norge", "vanntett", "i ull", "med ti års garanti", "for kalde dager"),
    phone="+47 01 23 4{}",
)

ENGLISH = Language(
    code="en",
    first=_names(
        "Abigail Ben Chloe Declan Eleanor Finn Grace Harriet Imogen Jack Keira Liam Maeve Noah Olivia Priya Quentin "
        "Rosie Samuel Tilda Umar Violet Wesley Zara Arjun Bronagh"
    ),
    last=_names(
        "Ashworth Blakely Cartwright Delaney Ellingham Fairbrother Greenhalgh Hathaway Ingram Jellicoe Kavanagh "
        "Lockwood Merriweather Nightingale O'Rourke Pemberton Quigley Rutherford Sinclair Thistlewood Whitcombe"
    ),
    firm=_names(
        "Harbourlight Oakmere Foxglove Saltmarsh Kestrel Bramblewood Millrace Larkspur Cobblestone Tidewater Juniper "
        "Copperfield Windrush"
    ),
    form=("Furniture Ltd", "Cycles Ltd", "Eyewear Inc", "Kitchens LLC", "Outdoors Ltd", "Shoes Inc"),
    towns=(
        ("GB", "London E1 6AN"),
        ("GB", "Leeds LS1 4DY"),
        ("IE", "Dublin D02 X285"),
        ("US", "Portland OR 97201"),
        ("US", "Boston MA 02108"),
        ("GB", "Bristol BS1 4DJ"),
    ),
    streets=("High Street", "Mill Lane", "Station Road", "Harbour View", "Maple Avenue", "Church Walk"),
    roles=("owner", "head of e-commerce", "store manager", "developer", "accounts", "buyer"),
    wants=("video advice for kitchens", "fewer returns on shoes", "a pilot in one shop", "clerks who speak German"),
    mails=(
        ("Camera stays black", "Hello, since Tuesday the camera stays black in the widget, sound works. Any idea?"),
        ("Question about an invoice", "Hi, we were billed for more seats than we use. Could you have a look, please?"),
        ("Hide the button at night", "Can the call button disappear when the shop is closed?"),
        ("New colleague", "Please set up {n}, who starts on Monday and will advise on {p}."),
        ("Choppy sound", "The sound broke up while we were showing {p}. Our network looks fine."),
        (
            "Closing our account",
            "We are closing the shop and would like to end the contract. What happens to our data?",
        ),
    ),
    closings=("Best wishes, {n} at {c}", "Thanks, {n}", "Kind regards, {n} ({c})"),
    chats=(
        "Visitor: Do shoppers need an account? Klarsyn: No, they just press the button.",
        "Visitor: Can we try it first? Klarsyn: Yes, for a month in one shop.",
    ),
    notes=(
        "asks about delivery of {p}",
        "compares two kinds of {p}",
        "wants to see {p} in the shop",
        "wrong size, exchange",
    ),
    talks=(
        "Clerk: What are you looking for? Guest: A {p} for small rooms. Clerk: This one folds. Guest: I will take it.",
    ),
    products=("oak table", "city bike", "walking boots", "reading glasses", "coffee grinder", "linen shirt", "tent"),
    qualities=("made to last", "in solid wood", "for rainy days", "with a long guarantee", "made in small numbers"),
    phone="+44 7700 900{}",
)

LANGUAGES = (GERMAN, NORWEGIAN, ENGLISH)
INDUSTRIES = ("furniture", "optics", "sport", "fashion", "kitchens", "garden", "toys")
SIZES = ("1-9", "10-49", "50-249", "250+")
BROWSERS = ("Firefox", "Chrome", "Safari", "Edge")
PAGES = ("/", "/preise", "/produkt", "/datenschutz", "/demo", "/blog/video-beratung")
ENDPOINTS = ("/v1/calls", "/v1/products", "/v1/clerks", "/v1/widgets", "/v1/reports")
SUBPROCESSORS = (
    ("Skriptor ApS", "DK", "transcription"),
    ("Fjellsky Hosting AS", "NO", "hosting"),
    ("Relaynet Inc", "US", "video relay"),
    ("Postkasten GmbH", "DE", "mail delivery"),
)
