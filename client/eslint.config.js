// What a reader would call a mistake: names that are not there or not used, code that is made of text, and the like. Form is prettier's.
import js from '@eslint/js';
import globals from 'globals';

export default [
  { ignores: ['node_modules/'] },
  js.configs.recommended,
  {
    languageOptions: { globals: { ...globals.browser, ...globals.webextensions } },
    rules: {
      'no-unused-vars': ['error', { argsIgnorePattern: '^_', caughtErrors: 'none', varsIgnorePattern: '^_' }],
      'no-control-regex': 'off',
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-var': 'error',
      'prefer-const': ['error', { destructuring: 'all' }],
      'no-eval': 'error',
      'no-implied-eval': 'error',
      'no-new-func': 'error',
      'no-script-url': 'error',
    },
  },
  { files: ['web/sw.js'], languageOptions: { globals: globals.serviceworker } },
  // Tests say what must not become a link.
  { files: ['test/**'], languageOptions: { globals: globals.node }, rules: { 'no-script-url': 'off' } },
];
