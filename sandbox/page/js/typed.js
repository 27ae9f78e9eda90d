// Commands as text: "/mix a:Foo b:Bar", "/save Foo".

/** Commands that fit what was typed after the slash, best first. */
export function matching(text, commands) {
  const typed = text.slice(1).trim().toLowerCase();
  const begins = commands.filter((command) => command.name.startsWith(typed));
  const others = commands.filter((command) => !command.name.startsWith(typed)
    && `${command.name} ${command.description}`.toLowerCase().includes(typed));
  return [...begins, ...others];
}

/** The command that is typed out and followed by a space, with the texts of its options; else null. */
export function typedCommand(text, commands) {
  const command = commands
    .filter(({ name }) => text.startsWith(`/${name} `))
    .sort((one, other) => other.name.length - one.name.length)[0];
  if (!command) return null;
  return { command, texts: optionTexts(text.slice(command.name.length + 2).trim(), command.options) };
}

function optionTexts(rest, options) {
  if (!rest || !options.length) return {};
  const names = options.map((option) => option.name);
  const marks = [...rest.matchAll(/(?:^|\s)([\w-]+):/g)].filter((mark) => names.includes(mark[1]));
  if (marks.length) {
    return Object.fromEntries(marks.map((mark, index) => [
      mark[1],
      rest.slice(mark.index + mark[0].length, marks[index + 1]?.index).trim(),
    ]));
  }
  // Without names, as many words as required options are one each; anything else is the first option's.
  const required = names.filter((_, index) => options[index].required);
  const words = rest.split(/\s+/);
  if (required.length > 1 && words.length === required.length) {
    return Object.fromEntries(required.map((name, index) => [name, words[index]]));
  }
  return { [names[0]]: rest };
}
