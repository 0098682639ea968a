import js from '@eslint/js';
import jupyterPlugin from '@jupyter/eslint-plugin';
import reactHooks from 'eslint-plugin-react-hooks';
import globals from 'globals';
import tseslint from 'typescript-eslint';

export default tseslint.config(
  { ignores: ['labextension/src/api/schema.ts', 'labextension/style/*.js'] },
  js.configs.recommended,
  ...tseslint.configs.strictTypeChecked.map(config => ({
    ...config,
    files: ['labextension/**/*.ts', 'labextension/**/*.tsx']
  })),
  { plugins: { jupyter: jupyterPlugin } },
  jupyterPlugin.configs.recommended,
  { files: ['labextension/*.mjs'], languageOptions: { globals: globals.node } },
  {
    files: ['labextension/**/*.ts', 'labextension/**/*.tsx'],
    plugins: { 'react-hooks': reactHooks },
    languageOptions: {
      globals: globals.browser,
      parserOptions: { project: 'tsconfig.test.json', tsconfigRootDir: import.meta.dirname }
    },
    rules: {
      ...reactHooks.configs.recommended.rules,
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-confusing-void-expression': 'off',
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      curly: ['error', 'all'],
      eqeqeq: 'error',
      'max-lines': ['error', 600]
    }
  },
  {
    // The components know only `Transport`, so that they mount in JupyterLab and in a widget alike.
    files: ['labextension/src/ui/**', 'labextension/src/api/**'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              group: ['@jupyterlab/*', '@lumino/*', '@jupyter-notebook/*'],
              message: 'ui/ and api/ know only Transport.'
            },
            {
              group: ['**/lab/*', '**/widget/*'],
              message: 'ui/ and api/ do not know where they are mounted.'
            }
          ]
        }
      ]
    }
  },
  {
    files: ['labextension/src/api/**'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              group: ['@jupyterlab/*', '@lumino/*', 'react', 'react-dom', '**/ui/*', '**/lab/*'],
              message: 'api/ is plain TypeScript.'
            }
          ]
        }
      ]
    }
  }
);
