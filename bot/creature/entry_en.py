"""What entries are composed of in English.

`[a|b]` is a choice, also within another one; `{slot}` is what was read; `a(n)` becomes "a" or "an". Each pattern
is used only where all its slots were read. `NATURES` and `TEMPERS` are put together from clauses.
"""

from bot.creature.grammar import Words
from bot.creature.traits import TYPES

_LEAD = "[||by all accounts, |as far as is known, |going by the sketches, |as those who met it tell, |on closer inspection, |for the record: ]"
_ABOUT = "[about|some|roughly|just about|around]"
_NEARLY = "[about|roughly|just about|nearly|more or less]"
_MOSTLY = "[mostly|largely|chiefly|mainly|predominantly]"

LOOKS = (
    f"{_LEAD}[at|with its|measuring] [about|some|roughly|close to] {{height}}, this {{size}} {{kind}} is "
    f"{_MOSTLY} {{colour}}[| from end to end|, and easy to recognise|, whatever the light|, and stays so].",
    f"{_MOSTLY} {{colour}} and {_ABOUT} {{height}} [tall|in height], "
    "[it|this one] is [a(n) {size} {kind}|a(n) {kind}, and a(n) {size} one][| through and through|, as anyone can see|, no doubt about it|, and nothing else].",
    f"{_LEAD}[it is|this is|here is|what we have here is] a(n) {{size}} {{kind}}, {{colour}} [nearly all over|for the most part|above all|more than anything else], "
    f"[that stands|that comes to|that measures|of] {_ABOUT} {{height}}.",
    f"{_LEAD}[this|the] {{kind}} [stands|measures|comes to|reaches] {_ABOUT} {{height}} and is {_MOSTLY} {{colour}}"
    "[|, which makes it easy to tell apart|, as [all|most] pictures of it show| all the same].",
    f"{_LEAD}its [colour|main colour|leading colour] is {{colour}}, its [build|shape|outline] that of a(n) {{kind}}, and its [height|size] "
    f"{_ABOUT} {{height}}[|, more or less|, give or take a little].",
    "[one knows|you will know|people know|anyone can tell|children know|everyone knows] this {kind} by its {colour} [colour|colouring|hue|shade] and "
    f"[its|a] [height|size] of {_ABOUT} {{height}}[|, and seldom errs|, even from behind|, and by little else].",
    "[look out|keep an eye out|watch|keep watch|listen and look] for something {size} and {colour}: a(n) {kind} [of|that measures|that comes to|that stands] "
    f"{_ABOUT} {{height}}[| or so|, as [drawn|measured|described] by others|, hard to overlook when it moves|, should you wish to meet it].",
    f"{_LEAD}{_NEARLY} as tall as {{tall_as}}, [this|the] {{kind}} is {_MOSTLY} {{colour}}[|, wherever one looks|, and does not hide it|, as pictures show].",
    f"[put|set|stand|imagine] it beside {{tall_as}} and [the two|both] [are|would be|come out] {_NEARLY} [of a height|as tall]: "
    f"{{height}}[| or so], and {_MOSTLY} {{colour}}.",
    "[seen|met|spotted|glimpsed] from [afar|a distance|far away|the other side of a field], this {size} {kind} is "
    f"[a patch|a spot|a touch|a speck|a dab] of {{colour}} {_ABOUT} {{height}} [high|tall].",
    f"[a glance|one look|a single look|a quick look|one sketch] [is enough|tells all|suffices|says it all]: {{colour}}, {_ABOUT} {{height}} [tall|in height|from top to bottom], and "
    "[clearly|plainly|without a doubt|unmistakably|evidently] a(n) {size} {kind}.",
    "[those who|people who|trainers who|hikers who|all who] [meet|come across|have seen|have met|look for] it [speak of|describe|remember|draw] a(n) {size}, "
    f"{{colour}} {{kind}} of {_ABOUT} {{height}}[|, no more|, and agree on it].",
    f"{_LEAD}[there is no mistaking|it is easy to recognise|nobody mixes up|everybody knows] this {{size}} {{kind}}: {_MOSTLY} {{colour}}, "
    f"and {_ABOUT} {{height}} [tall|in height].",
    f"{_LEAD}[in front of|next to|beside|against] {{tall_as}} it [seems|looks|is] [just the right size|quite at home|neither taller nor shorter]: "
    f"a(n) {{colour}} {{kind}} of {_ABOUT} {{height}}.",
    f"{_LEAD}[this one is|it is|this is] a(n) {{kind}} [with|that has] [little but|hardly anything but|a great deal of|nothing but shades of] {{colour}} about it"
    f", {_ABOUT} {{height}} [tall|in height].",
    # Where not everything was read.
    f"{_LEAD}{_MOSTLY} {{colour}}, [it|this one] [has|shows] [the build|the shape|the outline] of a(n) {{kind}}.",
    f"{_LEAD}[it is|this is|here is] a(n) {{size}} one, {_ABOUT} {{height}} [tall|in height], and {_MOSTLY} {{colour}}.",
    f"{_LEAD}[this|the] {{size}} {{kind}} [stands|measures|comes to] {_ABOUT} {{height}}.",
    f"{_LEAD}[one knows|you will know|people know] it by its {{colour}} [colour|colouring|hue|shade].",
    f"{_LEAD}[it|this one] is [a(n) {{kind}}|plainly a(n) {{kind}}|a(n) {{kind}}, as one sees at once].",
    f"{_LEAD}[it|this one] [stands|measures|comes to] {_ABOUT} {{height}}, so it is a(n) {{size}} one.",
)  # fmt: skip

WEIGHTS = {
    "light": (
        f"{_LEAD}[for its size|for one of its height|considering its height|for one so tall], it [is light|weighs little|is hardly a burden|is easy to carry]: [only|just|no more than|barely] {{weight}}"
        "[, so that [a gust|a strong wind|a breeze] [can|could] carry it off|, and its steps [make no sound|leave no trace]|, [as|which] [one notices at once|few would guess]].",
        f"{_LEAD}it [weighs|comes to|has] [only|just|no more than|barely] {{weight}}[| on the scales| in all], [which is little|not much|light indeed|next to nothing] for [its height|one so tall|its size|its build].",
        "[Lift it|Pick it up|Hold it|Carry it a while] and [be surprised|be amazed|you will wonder|you will not believe it]: [only|just|no more than|barely] {weight}[| in all| on the scales|, whatever it looks like].",
    ),
    "usual": (
        f"{_LEAD}it [weighs|comes to|has a weight of] [about|some|roughly|just about|more or less] {{weight}}, [as one would guess|as its size suggests|which suits its size|neither much nor little for its height|what one expects of its size|as its build leads one to think].",
        "[On the scales|Weighed with care|When it is weighed|When the scales settle|At the last weighing], it [comes to|has|shows|proves to have] [about|some|roughly|just about|around] {weight}[, as one would guess|, which suits its size|, nothing unusual|, neither much nor little|].",
        "[About|Some|Roughly|Just about|More or less] {weight} [is what it weighs|is its weight|is all it weighs|is what the scales say|is what it brings to the scales][, [neither much nor little|the right weight|nothing unusual|what one expects] for [its size|its height|its build|one so tall]].",
        f"{_LEAD}[it is|one finds it|it turns out to be|it feels] {_NEARLY} as heavy as {{heavy_as}}[, at {{weight}}|: {{weight}}|, [which suits its size|as one would guess|as its size suggests]].",
        f"{_LEAD}[carrying it|lifting it|holding it|to carry it|to lift it] is like [carrying|lifting|holding] {{heavy_as}}[: {{weight}}|, at {{weight}}|: {_ABOUT} {{weight}}].",
        f"{_LEAD}its [height|size|build|stature] and its weight of {_ABOUT} {{weight}} [go together|match|agree|suit each other|belong together][| well| nicely| perfectly].",
    ),
    "heavy": (
        f"{_LEAD}[for its size|for one of its height|considering its height|for one no taller], it is [heavy|a heavyweight|solid|weighty|a lump]: {{weight}}"
        "[, so that [floors creak|the ground gives|doorsteps crack|bridges groan] under it|, and [nothing|hardly anything|no wind] [moves|shifts|budges] it].",
        f"{_LEAD}it weighs [no less than|a full|as much as|all of] {{weight}}, [a lot|plenty|a good deal|quite something] for [its height|its size|one of its size|its build|one so tall].",
        "[Do not try|Nobody should try|It is no use trying|Few would try] to [lift|carry|move|push] it [alone|by hand|without help]: it weighs {weight}[|, [more|far more|a good deal more] than [it looks|one would think]].",
    ),
}  # fmt: skip

STAGES = {
    1: (
        f"{_LEAD}it [is still young|is at its beginning|is a first form|has only begun], and [much|a good deal|a lot|anything] [may|could|might] [change|grow|come|be added] yet.",
        f"{_LEAD}[everything|much|all|something] about it [says|suggests|hints|tells one] that it [has more to become|is not done growing|will change one day|is only at its beginning|has its growing before it].",
        "[What it will become|What it may grow into|Its next form|Where it will end], [nobody|no one|hardly anybody] [knows|can say|would guess]: it [is still young|has only begun|is a first form|is at its beginning].",
    ),
    2: (
        f"{_LEAD}it is [halfway|midway|part of the way] [through growing|to what it may become|along]: [no longer young|past its beginnings|no more a first form], [not yet|but not|though not] [done|full-grown|complete].",
        f"{_LEAD}[it|this one] has [left its first form behind|grown once|changed once already], [one would say|by the look of it|as it seems|as keepers tell][|, and may do so again|, and is not done].",
        f"{_LEAD}[behind it lies|it has behind it|it has outgrown|gone is] [a first form|a smaller self|a younger shape|its first shape], [and perhaps|and maybe|and possibly] [a last one|another|one more] [is yet to come|lies ahead].",
    ),
    3: (
        f"{_LEAD}it is [full-grown|at its height|a last form|all it will be], [and looks it|and carries itself so|with nothing left to prove|and knows it][|, as one can see|, by all appearances].",
        "[by the look of it|to all appearances|as far as one can tell|by its build|going by the sketches|as keepers tell], it has [grown as far as it will|become all that it can be|come to its last form|nothing left to grow into][|, and wears it well|, and is content with it|, with no more to come].",
        f"{_LEAD}[there is|one sees|one finds|look and you will find] [nothing|little|hardly anything] [unfinished|young|childlike|immature] about it: it [is full-grown|is a last form|has grown as far as it will|is at its height].",
    ),
}  # fmt: skip

NATURES = (
    "[Like|As with|Just like|In common with] [most|other|many|all] {type} types, it {flavour}.",
    "A(n) {type} type [through and through|at heart|to the core|all over|from the start], it {flavour}.",
    "[It is said that|They say that|Trainers say that|Word has it that|Rumour has it that] it {flavour}.",
    "It {flavour}[, as {type} types do|, as one expects of a(n) {type} type|, like any {type} type|: a(n) {type} type, after all].",
    "[Being|As|True to its nature as] a(n) {type} type, it {flavour}[|, and [is glad of it|makes no secret of it|always has]].",
    "[Its|That] {type} [side|blood|nature|streak] shows: it {flavour}.",
    "[Give it time|Watch it for a day|Leave it alone|Stay quiet], and [you will see that it|you will find that it|it soon] {flavour}.",
    "[On most days|When nobody looks|Left to itself|Given the choice], it {flavour}.",
    "[Half {type}, half {type2}|Both {type} and {type2}|Between {type} and {type2}|Equally {type} and {type2}], it {flavour}[, and {flavour2}|; it also {flavour2}].",
    "It {flavour}[; that is its {type} side| because of its {type} side], and it {flavour2}[, which is its {type2} one|, thanks to its {type2} one].",
)  # fmt: skip

FLAVOURS = {
    "Normal": (
        "[feels at home|settles down|makes friends] [almost anywhere|wherever it is put|in any place]",
        "[eats|tries|nibbles] [whatever it is given|a bit of everything|anything once]",
        "[follows|trails after|keeps close to] [people it likes|whoever feeds it|anyone kind]",
        "[sleeps|naps|dozes] [long and soundly|through the afternoon|in any position]",
        "[gets along|makes do|comes to terms] with [everybody|all sorts of company|every neighbour]",
    ),
    "Fire": (
        "[warms itself|basks|dozes] [by any hearth|on sun-baked stones|near hot springs]",
        "[keeps|gives off] [a steady|a gentle|a cosy] warmth [even in snow|all night long|on cold mornings]",
        "[cannot stand|hides from|complains about] [rain|puddles|wet weather]",
        "[glows|shimmers|glimmers] [a little|faintly] when it is [excited|pleased|angry]",
        "[dries|steams] [within moments|at once|in no time] after [a shower|a swim|the rain]",
    ),
    "Water": (
        "[is never far from|always finds its way to|will not stray from] [a stream|the shore|a pond]",
        "[can stay|stays|rests] [under water|below the surface] for [an hour|half a day|a very long time]",
        "[waits|longs|hopes] for [rain|the tide|a downpour]",
        "[plays|splashes about|drifts] in [shallow bays|puddles|slow rivers]",
        "[tastes|senses|feels] [rain|a storm|the tide] [hours|half a day|long] before it comes",
    ),
    "Grass": (
        "[soaks up|drinks in|collects] [the morning sun|sunlight|the noonday light] and [eats little else|needs hardly any food]",
        "[smells|gives off a scent] of [fresh hay|cut grass|moss and rain]",
        "[naps|hides|stands still] among [ferns|tall grass|flowering shrubs]",
        "[grows|does] [better|best] [after rain|in spring|in good soil]",
        "[tends|looks after|watches over] [seedlings|wild flowers|young trees]",
    ),
    "Electric": (
        "[crackles|sparks|tingles] when it is [touched|stroked|excited]",
        "[sleeps|rests|naps] [near|beside|under] [power lines|pylons|old radios]",
        "[makes|lets] [lamps|torches|screens] [flicker|brighten] [as it passes|when it walks by]",
        "[stores|saves up|collects] [bolts|charges|sparks] [for days|until they are wanted|for a dull day]",
        "[cheers up|wakes up|perks up] [before|during] [a thunderstorm|a storm|bad weather]",
    ),
    "Ice": (
        "[leaves|draws] [frost|rime|ice flowers] [wherever it rests|on window panes|on what it touches]",
        "[seeks|prefers|looks for] [the shade|cold cellars|the north side of hills]",
        "[breathes|blows|puffs] [small clouds|snowflakes|cold mist]",
        "[hardly moves|hides|sulks] in [summer|warm weather|the midday heat]",
        "[sleeps|rolls about|buries itself] [in fresh snow|in hoarfrost|in snowdrifts]",
    ),
    "Fighting": (
        "[trains|practises|exercises] [every morning|before breakfast|from dawn to dusk]",
        "[looks for|never avoids|seeks out] [a fair match|strong opponents|a good contest]",
        "[bows|nods] to [whoever beats it|each opponent|worthy rivals]",
        "[breaks|splits|cracks] [boards|boulders|branches] [for practice|to keep fit|when it is bored]",
        "[never|hardly ever] [strikes|attacks] [first|the weak|from behind]",
    ),
    "Poison": (
        "[is left alone|is given room|is shunned] by [most hunters|anything hungry|those who know better]",
        "[eats|snacks on|nibbles] [berries|mushrooms|weeds] that [others avoid|nobody else can stomach]",
        "[smells|begins to smell|soon smells] [bitter|sharp|sour] when [alarmed|cornered|annoyed]",
        "[carries|stores|brews] [a mild|a strange|a strong] poison [that it seldom uses|for bad days]",
        "[feels well|thrives|settles] in [swamps|damp cellars|murky places]",
    ),
    "Ground": (
        "[digs|burrows|scrapes] [long tunnels|deep hollows|out a lair] [at dusk|before it sleeps|when it is hot]",
        "[feels|senses|notices] [footsteps|tremors|hoofbeats] [from far away|through the soil|long before others]",
        "[rolls|bathes|wallows] in [dust|dry sand|warm mud]",
        "[comes home|returns] [caked with|covered in] [clay|mud|dust]",
        "[knows|remembers] [every path|every hollow|each burrow] [for miles around|of its valley]",
    ),
    "Flying": (
        "[follows|rides|reads] the [wind|updraughts|sea breeze]",
        "[rests|sleeps|sits] [on high ledges|on rooftops|where the view is best]",
        "[sees|spots|notices] [a crumb|a beetle|a friend] from [far up|a great height|the clouds]",
        "[greets|welcomes|sings to] the [sunrise|wind|first light]",
        "[cannot bear|is uneasy in|avoids] [closed rooms|low ceilings|narrow caves]",
    ),
    "Psychic": (
        "[seems to know|guesses|senses] [what others think|who is coming|what will be said]",
        "[moves|shifts|lifts] [pebbles|spoons|small things] without touching them",
        "[sits|rests|ponders] [for hours|in silence|with its thoughts far away]",
        "[dreams|often dreams] [of things to come|the dreams of others|in colours]",
        "[remembers|never forgets] [a face|a voice|a promise]",
    ),
    "Bug": (
        "[gathers|swarms|comes out] [around lanterns|at dusk|on warm evenings]",
        "[munches|feeds|chews] on [leaves|bark|nectar] [from morning till night|without a pause]",
        "[hides|rests|clings] under [leaves|loose bark|garden stones]",
        "[hums|clicks|chirps] [to others of its kind|when it rains|in the dark]",
        "[feels its way|finds its way] [through thickets|through the undergrowth|in the dark]",
    ),
    "Rock": (
        "[is taken for|passes for|is mistaken for] [a boulder|a stone|a piece of the cliff] when it [sleeps|keeps still]",
        "[chews|crunches|grinds] [pebbles|gravel|ore] [with pleasure|all day]",
        "[does not mind|ignores|sits through] [storms|falling stones|hail]",
        "[can stay|stays|rests] in one spot for [days|a whole season|weeks]",
        "[lives|dwells|sleeps] [in quarries|between boulders|on bare slopes]",
    ),
    "Ghost": (
        "[appears|wanders|shows itself] [after dark|at midnight|in the fog]",
        "[slips|drifts|passes] through [walls|closed doors|hedges]",
        "[likes|loves|is known] to [startle|follow|watch] [late walkers|lonely travellers|sleepless people]",
        "[haunts|visits|lives in] [empty houses|old attics|ruins]",
        "[casts|has] [no shadow|a shadow that lags behind|two shadows] [by moonlight|at noon|on some days]",
    ),
    "Dragon": (
        "[guards|hoards|watches over] [shiny pebbles|its hollow|a treasure of its own]",
        "[is proud of|boasts of|remembers] [its old line|its ancestors|ancient days]",
        "[roars|bellows|growls] [at thunder|into the wind|when the moon is full]",
        "[bows|listens|yields] to [no stranger|nobody it has not tested|very few]",
        "[lives longer|grows more slowly|waits more patiently] than [most|its neighbours|people do]",
    ),
    "Dark": (
        "[hunts|prowls|wanders] [by moonlight|on moonless nights|in the shadows]",
        "plays [tricks|pranks|jokes] on [the unwary|its rivals|whoever trusts it]",
        "[steals|takes|carries off] [what is not nailed down|other people's lunch|a little of everything]",
        "[watches|waits|lurks] [unseen|in dark corners|until nobody looks]",
        "[trusts|listens to|needs] [no one|hardly anybody|only itself]",
    ),
    "Steel": (
        "[rings|clangs|chimes] [faintly|like a bell] when [tapped|it is hit|it runs]",
        "[polishes|scrubs|rubs] itself [with sand|every evening|until it shines]",
        "[shrugs off|does not feel|hardly notices] [blows|sharp claws|arrows]",
        "[eats|crunches|nibbles] [scrap iron|old nails|rusty bolts]",
        "[dreads|fears|hates] [rust|salt water|damp nights]",
    ),
    "Fairy": (
        "[dances|sings|gathers with others] [under the moon|in clearings|on midsummer nights]",
        "[cheers up|comforts|calms] [sad people|crying children|whoever is near]",
        "[brings|attracts] [luck|good dreams|a change of weather]",
        "[hides|leaves|collects] [small gifts|flowers|ribbons] [on doorsteps|for its friends|in its nest]",
        "[can hardly resist|adores|begs for] [sweets|honey|compliments]",
    ),
}  # fmt: skip

# Top stat, lowest stat: clauses that follow "it".
TOPS = {
    "hp": (
        "[can take|endures|puts up with] [a great deal|more than most|whatever comes]",
        "[is hard to tire|hardly ever tires|never seems to tire]",
        "[is in rude health|has a hearty appetite|is tough as an old boot]",
        "[gets up again|comes back|goes on] [after every fall|when others give up|time after time]",
    ),
    "atk": (
        "[hits|strikes] [hard|first and asks later|with all its might]",
        "[is bold|is quick to pick a fight|has a hot temper|loves a scuffle]",
        "[never backs down|charges ahead|goes straight at things]",
        "[is stronger than it looks|knows its own strength|likes to show its strength]",
    ),
    "def": (
        "[is hard to hurt|is hard to move|stands its ground]",
        "[is stubborn|is patient|is hard to provoke] and [cautious|steadfast|slow to anger]",
        "[waits|holds out] until [others tire|the danger is past|it is left in peace]",
        "[takes|shrugs off] [blows|knocks|bumps] [calmly|without a sound|as if they were nothing]",
    ),
    "spa": (
        "[is full of ideas|is curious|is clever] and [hard to predict|a little proud|easily bored]",
        "[thinks|plans|considers] before it [acts|moves|strikes]",
        "[prefers wit to force|relies on skill rather than muscle|trusts talent more than strength|would rather think than wrestle]",
        "[has strange powers|has rare gifts|has a talent or two] and [knows it|likes to surprise|is proud of it]",
    ),
    "spd": (
        "[stays calm|keeps its head|stays composed] [when others panic|in any trouble|whatever happens]",
        "[is gentle|is kind|is mild] and [hard to deceive|not easily impressed|slow to take offence]",
        "[forgives|puts up with] [a lot|teasing|noisy company]",
        "[has strong nerves|is sure of itself|is at peace with itself]",
    ),
    "spe": (
        "[is restless|is fidgety|is lively] and [never sits still|always in a hurry|gone in a blink]",
        "[outruns|outpaces|slips past] [nearly everything|whoever chases it|most of its kind]",
        "[is quick to act|is nimble on its feet|is quick to flee] and [quick to learn|hard to catch|easily startled]",
        "[darts|dashes|whirls] about [all day|for the joy of it|without a goal]",
    ),
    "even": (
        "[is even-tempered|is balanced|is steady] and [good at a bit of everything|reliable|easy to live with]",
        "[takes things as they come|does nothing to excess|keeps to the middle]",
        "[can do|manages] [a bit of everything|most things] [fairly well|without fuss]",
        "[has no favourite way|is neither bold nor shy|is hard to put in a box]",
    ),
}  # fmt: skip

LOWS = {
    "hp": ("[tires|flags] [soon|quickly]", "[needs|wants] [a lot of rest|long naps]", "[is easily worn out|has little stamina]"),
    "atk": ("[would never|could hardly] [hurt a fly|win a wrestling match]", "[has a soft touch|is no fighter]", "[avoids|dislikes] [brawls|quarrels]"),
    "def": ("[bruises easily|is rather frail]", "[keeps|stays] [out of reach|away from fights]", "[hates being poked|is ticklish]"),
    "spa": ("[does not think far ahead|is no great thinker]", "[keeps|sticks] to [simple ways|what it knows]", "[has little use for tricks|is easy to see through]"),
    "spd": ("[is easily upset|has thin nerves]", "[falls for any trick|believes every story|is easy to fool]", "[takes everything to heart|is quickly offended]"),
    "spe": ("[takes its time|is never in a hurry]", "[arrives late|comes last] [everywhere|wherever it goes]", "[moves|gets going] [slowly|at its own pace]"),
}  # fmt: skip

TEMPERS = (
    "[By nature|By temper|As a rule|Most of the time|At heart|When all is said], it {top}[|, [friends|keepers|trainers|rivals] [say|agree|find]].",
    "[Friends|Those who know it|Its keepers|Trainers|Hikers] [say|find|agree|will tell you|are sure] that it {top}.",
    "[What one notices first|What stands out|What people remember|What it is known for|What its rivals respect][| most of all| above all]: it {top}.",
    "It {top}[, and everybody knows it|, as [many|some|most] have [learned|found out|noticed]|; that much is sure|, day in, day out].",
)  # fmt: skip
TEMPERS_BOTH = (
    "It {top}[, but it|, and yet it|, although it|; then again, it] {low}.",
    "It {low}[, but it|, and yet it|; still, it|; then again, it] {top}.",
    "[Though|While|Even if|Although] it {low}, it {top}[| all the same| none the less].",
    "[By nature|By temper|As a rule|Most of the time|At heart] it {top}, [but|yet|though] it {low}.",
    "[Friends|Those who know it|Its keepers|Trainers|Hikers] [say|find|agree|will tell you|are sure] that it {top}[, even if it| but] {low}.",
)  # fmt: skip

# One line for the card.
CARD = {
    "hp": ("Hearty and hard to tire", "Tough, with a good appetite", "Takes what comes", "Sturdy and good-natured"),
    "atk": ("Bold and hot-headed", "Always up for a scuffle", "Headstrong", "Strong, and likes to show it"),
    "def": ("Patient and stubborn", "Cautious and steadfast", "Not easily moved", "Calm under blows"),
    "spa": ("Clever and a little proud", "Curious and full of ideas", "Thinks first", "Gifted and unpredictable"),
    "spd": ("Gentle and composed", "Kind, with strong nerves", "Hard to upset", "Calm and forgiving"),
    "spe": ("Restless and quick", "Never sits still", "Lively and hard to catch", "Nimble and easily startled"),
    "even": ("Even-tempered", "A bit of everything", "Steady and reliable", "Takes things as they come"),
}  # fmt: skip
CARD_LOWS = {
    "hp": ("soon tired", "short of breath"), "atk": ("no fighter", "soft-handed"), "def": ("rather frail", "easily bruised"),
    "spa": ("simple at heart", "easy to see through"), "spd": ("quickly offended", "easily upset"),
    "spe": ("never in a hurry", "slow to start"),
}  # fmt: skip
CARD_BOTH = "{top}, [but|yet|though] {low}"

UNKNOWN = (
    "[Little|Not much|Next to nothing] is known of it [yet|so far].",
    "[Nobody|No one] has [studied|described|measured] it [yet|so far].",
    "[What it is like|How it lives] [remains|is still] [to be found out|a riddle].",
)

ENGLISH = Words(
    joiner=" ",
    metres="{}\u00a0m",
    kilograms="{}\u00a0kg",
    types={name: name for name in TYPES},
    colours={
        "Black": "black", "Blue": "blue", "Brown": "brown", "Gray": "grey", "Green": "green", "Pink": "pink",
        "Purple": "purple", "Red": "red", "White": "white", "Yellow": "yellow",
    },
    kinds={
        "armor": "[insect-like creature|creature with an insect's build]",
        "arms": "[creature of head and arms|creature that is head and arms]",
        "ball": "[round creature|creature that is all head]",
        "blob": "[creature without feet|creature that rests on its base]",
        "bug-wings": "[creature with several pairs of wings|many-winged creature]",
        "fish": "[finned creature|creature with fins]",
        "heads": "[creature of several bodies|group that acts as one]",
        "humanoid": "[two-legged creature|creature of human build]",
        "legs": "[creature of head and legs|creature that is all head and legs]",
        "quadruped": "[four-legged creature|walker on four legs]",
        "squiggle": "[snake-like creature|long-bodied creature]",
        "tentacles": "[many-legged creature|creature with tentacles]",
        "upright": "[creature on two legs and with a tail|tailed creature that walks upright]",
        "wings": "[winged creature|creature with wings]",
    },
    sizes=("[tiny|minute|very small]", "[small|little|short]", "[middle-sized|medium-sized]", "[large|big|tall]", "[huge|giant|enormous]"),
    heights=(
        (0.1, "[a teacup|a matchbox on end]"), (0.2, "[a wine glass|a milk jug]"), (0.3, "[a school ruler|a watering can]"),
        (0.4, "[a bowling pin|a garden gnome]"), (0.5, "[a footstool|a kitchen stool's seat]"), (0.7, "[a table|a writing desk]"),
        (0.9, "[a kitchen worktop|a garden fence]"), (1.1, "[an emperor penguin|a five-year-old]"), (1.4, "[a postbox|a ten-year-old]"),
        (1.7, "[a grown person|a refrigerator]"), (2.0, "[a door|a wardrobe]"), (2.5, "[an ostrich|the ceiling of a room]"),
        (3.0, "[a basketball hoop|an elephant]"), (4.4, "a double-decker bus"), (5.5, "[a giraffe|a two-storey house]"),
    ),
    weights=(
        (0.2, "[an apple|a mobile phone]"), (1.0, "[a bag of sugar|a bottle of milk]"), (4.0, "[a house cat|a bag of potatoes]"),
        (8.0, "[a full bucket|a car tyre]"), (15.0, "[a bicycle|a packed suitcase]"), (30.0, "[a ten-year-old|a Dalmatian]"), (70.0, "[a grown person|a washing machine]"),
        (110.0, "[a giant panda|two people]"), (220.0, "[an upright piano|a lion]"), (480.0, "[a grand piano|a horse]"), (1100.0, "[a small car|a young elephant]"),
    ),
    looks=LOOKS,
    weight_sentences=WEIGHTS,
    stage_sentences=STAGES,
    natures=NATURES,
    flavours=FLAVOURS,
    tops=TOPS,
    lows=LOWS,
    tempers=TEMPERS,
    tempers_both=TEMPERS_BOTH,
    card=CARD,
    card_lows=CARD_LOWS,
    card_both=CARD_BOTH,
    unknown=UNKNOWN,
)  # fmt: skip
