/** The version of this build, as agents report it. Kept equal to package.json by a test. */
export const NERVESYS_VERSION = '0.1.0';
