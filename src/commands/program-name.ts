/** How this program is called where it is, for people to repeat: from a checkout by npm's script, from a package by its name. */
export const PROGRAM_NAME = import.meta.filename.endsWith('.ts') ? 'npm run nervesys --' : 'nervesys';
