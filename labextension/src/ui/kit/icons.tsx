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
export const CodeIcon = icon(
  'M5.7 4.100 1.800 8l3.900 3.900 1-1L3.900 8l2.800-2.900-1-1zm4.600 0-1 1L12.100 8l-2.800 2.900 1 1L14.200 8l-3.900-3.900z'
);
export const BackIcon = icon('M9.500 2.500 10.600 3.600 6.200 8l4.400 4.400-1.100 1.100L4 8l5.500-5.500z');
export const AddIcon = icon(
  'M7.250 2.500h1.500v4.750h4.750v1.500H8.750v4.750h-1.500V8.750H2.500v-1.500h4.750V2.500z'
);
export const RefreshIcon = icon(
  'M8 2.500a5.500 5.500 0 1 0 5.300 7h-1.600A4 4 0 1 1 8 4a4 4 0 0 1 2.800 1.200L9 7h4.500V2.500l-1.600 1.600A5.500 5.500 0 0 0 8 2.500z'
);
export const DeleteIcon = icon(
  'M6 1.500h4l.7 1H13V4H3V2.500h2.300l.7-1zM4 5.200h8l-.5 8.400a1 1 0 0 1-1 .9h-5a1 1 0 0 1-1-.9L4 5.200z'
);
export const EditIcon = icon(
  'M11.300 1.900 14.100 4.700 5.400 13.400 2 14l.6-3.400 8.700-8.700zm-.9 3-6.300 6.300-.2.900.9-.2 6.300-6.300-.7-.7z'
);
export const CloseIcon = icon(
  'M3.600 2.500 8 6.900l4.400-4.400 1.100 1.100L9.100 8l4.400 4.400-1.100 1.100L8 9.100l-4.400 4.400-1.100-1.100L6.900 8 2.500 3.600z'
);
export const DownloadIcon = icon(
  'M7.250 2h1.500v6.200l2.200-2.200 1 1L8 11 4.050 7l1-1 2.200 2.200V2zM3 12.500h10V14H3v-1.500z'
);
export const ShieldIcon = icon(
  'M8 1.500 13.500 3.500v4.200c0 3.300-2.300 5.800-5.500 6.800-3.200-1-5.500-3.500-5.500-6.800V3.500L8 1.500zm0 1.600L4 4.600v3.100c0 2.400 1.600 4.300 4 5.200 2.400-.9 4-2.800 4-5.200V4.600L8 3.100z'
);
export const GlobeIcon = icon(
  'M8 1.500a6.500 6.500 0 1 1 0 13 6.500 6.500 0 0 1 0-13zM6.100 3.400A5 5 0 0 0 3.100 7.250h1.700c.1-1.500.6-2.900 1.300-3.850zm3.800 0c.7.950 1.200 2.350 1.300 3.850h1.700a5 5 0 0 0-3-3.850zM8 3.100c-.7.400-1.600 2-1.700 4.150h3.400C9.600 5.100 8.700 3.500 8 3.100zM3.100 8.750a5 5 0 0 0 3 3.850c-.7-.950-1.200-2.350-1.300-3.850H3.100zm3.200 0c.1 2.150 1 3.750 1.700 4.150.7-.4 1.600-2 1.700-4.150H6.300zm4.900 0c-.1 1.500-.6 2.900-1.300 3.850a5 5 0 0 0 3-3.850h-1.700z'
);
export const NextIcon = icon('M3.100 5.500 8 10.400l4.900-4.900 1 1L8 12.500l-5.900-6 1-1z');
export const PreviousIcon = icon('M3.100 10.500 8 5.600l4.900 4.900 1-1L8 3.500l-5.900 6 1 1z');
export const BottomIcon = icon(
  'M7.300 2h1.400v6.300l2.700-2.700 1 1L8 11 3.600 6.600l1-1 2.700 2.700V2zM3 12.600h10V14H3v-1.400z'
);
export const WrapIcon = icon(
  'M2 3h12v1.400H2V3zm0 4.300h9.500a2.950 2.950 0 0 1 0 5.900H9.500v1.500L7 12.500l2.500-2.200v1.500h2a1.550 1.550 0 0 0 0-3.100H2V7.300zm0 4.300h3.500V13H2v-1.400z'
);
export const ClockIcon = icon(
  'M8 1.500a6.500 6.500 0 1 1 0 13 6.500 6.500 0 0 1 0-13zm0 1.400a5.100 5.100 0 1 0 0 10.200A5.100 5.100 0 0 0 8 2.900zm-.7 1.600h1.400v3.200l2.400 1.400-.7 1.200-3.100-1.800v-4z'
);
export const MoreIcon = icon(
  'M3 6.700a1.300 1.300 0 1 1 0 2.600 1.300 1.300 0 0 1 0-2.600zm5 0a1.300 1.300 0 1 1 0 2.600 1.300 1.300 0 0 1 0-2.600zm5 0a1.300 1.300 0 1 1 0 2.600 1.300 1.300 0 0 1 0-2.600z'
);
export const WideIcon = icon(
  'M9 2h5v5h-1.500V4.550L9.300 7.750l-1.050-1.050 3.200-3.200H9V2zM2.500 3.500H6.500V5H4v7h7V9.500h1.500v4h-10v-10z'
);
export const CardsIcon = icon('M2 2.500h5v5H2zM9 2.500h5v5H9zM2 9h5v5H2zM9 9h5v5H9z');
export const TableIcon = icon('M2 3h12v2.500H2zM2 7h12v1.500H2zM2 9.750h12v1.500H2zM2 12.500h12V14H2z');
export const FilterIcon = icon('M2 3h12l-4.600 5.500V14L6.600 12.200V8.500z');
export const DownIcon = icon('M7.250 2.500h1.500v8.100l3-3 1 1L8 13.350 3.250 8.600l1-1 3 3z');
export const UpIcon = icon('M7.250 13.500h1.500V5.400l3 3 1-1L8 2.650 3.250 7.400l1 1 3-3z');
export const InfoIcon = icon(
  'M8 1.500a6.500 6.500 0 1 1 0 13 6.500 6.500 0 0 1 0-13zm0 1.400a5.100 5.100 0 1 0 0 10.200A5.100 5.100 0 0 0 8 2.900zM7.300 7h1.400v4.500H7.300V7zm0-2.500h1.400v1.400H7.300V4.500z'
);
export const ErrorIcon = icon(
  'M8 1.500a6.500 6.500 0 1 1 0 13 6.500 6.500 0 0 1 0-13zM5.700 4.700l-1 1L7 8l-2.300 2.300 1 1L8 9l2.300 2.300 1-1L9 8l2.300-2.300-1-1L8 7 5.700 4.700z'
);
