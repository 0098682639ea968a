/** A view that breaks, or whose code does not come, says so in its own place; the others go on. */

import * as React from 'react';
import { useHost } from '../host';
import { Notice } from './Notice';

export class Failsafe extends React.Component<{ children: React.ReactNode }, { broken: string | null }> {
  override state = { broken: null as string | null };

  static getDerivedStateFromError(error: unknown): { broken: string } {
    return { broken: error instanceof Error ? error.message : String(error) };
  }

  override render(): React.ReactNode {
    return this.state.broken === null ? (
      this.props.children
    ) : (
      <Broken text={this.state.broken} onRetry={() => this.setState({ broken: null })} />
    );
  }
}

function Broken({ text, onRetry }: { text: string; onRetry: () => void }): React.ReactElement {
  const { trans } = useHost();
  return (
    <Notice
      tone="warn"
      title={trans.__('This view could not be shown')}
      action={{ label: trans.__('Try again'), onClick: onRetry }}
    >
      <p>{text}</p>
      <p>{trans.__('If mdeploy was upgraded meanwhile, reload the page.')}</p>
    </Notice>
  );
}
