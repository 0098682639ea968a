/** 16-px icons that take the colour of the text around them. */

import * as React from 'react';

function icon(path: string): () => React.ReactElement {
  return function Icon() {
    return (
      <svg
        className="mdl-Icon"
        viewBox="0 0 16 16"
        width="16"
        height="16"
        aria-hidden="true"
        focusable="false"
      >
        <path fill="currentColor" d={path} />
      </svg>
    );
  };
}

export const CopyIcon = icon(
  'M5 1h8a1 1 0 0 1 1 1v9h-1.5V2.500H5V1zM3 4h7a1 1 0 0 1 1 1v9a1 1 0 0 1-1 1H3a1 1 0 0 1-1-1V5a1 1 0 0 1 1-1zm.5 1.500v8h6v-8h-6z'
);
export const CheckIcon = icon('M6.2 12.6 1.9 8.300l1.1-1.1 3.2 3.2 6.8-6.8 1.1 1.100z');
export const StopIcon = icon('M4 4h8v8H4z');
export const StartIcon = icon('M5 3.200v9.600L12.5 8z');
export const WarningIcon = icon(
  'M8 1.5 15.3 14.500H.7L8 1.500zm0 3L3.2 13h9.600L8 4.500zM7.3 7h1.400v3H7.300V7zm0 3.800h1.400v1.400H7.300v-1.400z'
);
