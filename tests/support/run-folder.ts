/** Names the folder that the files of one run of `npm test` share; a file that is run by itself has none. */
export const RUN_FOLDER_VARIABLE = 'NERVESYS_TEST_FOLDER';
