/** Opens what the side panel shows as a tab with room; where there is no room to be had, nothing. */

import * as React from 'react';
import { useMount } from './context';
import { useHost } from './host';
import { WideIcon } from './kit/icons';

export function WideButton(): React.ReactElement | null {
  const { trans, openWide } = useHost();
  const { navigation, place } = useMount();
  if (openWide === null || place !== 'panel') {
    return null;
  }
  const label = trans.__('Open in the main area');
  return (
    <button
      type="button"
      className="mdl-IconButton"
      aria-label={label}
      title={label}
      onClick={() => openWide(navigation.route())}
    >
      <WideIcon />
    </button>
  );
}
