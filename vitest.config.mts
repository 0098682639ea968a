import { defineConfig } from 'vitest/config';

export default defineConfig({
  esbuild: { jsx: 'transform' },
  test: {
    environment: 'jsdom',
    include: ['labextension/tests/**/*.test.{ts,tsx}'],
    restoreMocks: true,
    setupFiles: ['labextension/tests/setup.ts'],
    testTimeout: 30_000
  }
});
