/** Names and values: metadata, environment variables, and references to secrets, whose values are nowhere. */

import * as React from 'react';
import type { Deployment } from '../../api/types';
import { useHost } from '../host';
import { Section } from '../kit/Section';

export function Metadata({ deployment }: { deployment: Deployment }): React.ReactElement {
  const { trans } = useHost();
  return (
    <Section title={trans.__('Metadata')}>
      <Pairs pairs={deployment.spec.metadata} none={trans.__('No metadata')} />
    </Section>
  );
}

export function Environment({ deployment }: { deployment: Deployment }): React.ReactElement {
  const { trans } = useHost();
  const { env, secret_env: secrets } = deployment.spec.template;
  return (
    <Section title={trans.__('Environment variables')}>
      <Pairs pairs={env} none={trans.__('No environment variables')} />
      {Object.keys(secrets).length > 0 && (
        <>
          <h4 className="mdl-Section-part">{trans.__('Secret references')}</h4>
          <Pairs pairs={secrets} none="" />
          <p className="mdl-Hint">{trans.__('Read where it runs; their values are kept nowhere.')}</p>
        </>
      )}
    </Section>
  );
}

function Pairs({ pairs, none }: { pairs: Record<string, string>; none: string }): React.ReactElement {
  const entries = Object.entries(pairs);
  if (entries.length === 0) {
    return <p className="mdl-Soft">{none}</p>;
  }
  return (
    <dl className="mdl-Facts mdl-mod-whole mdl-mod-pairs">
      {entries.map(([name, value]) => (
        <React.Fragment key={name}>
          <dt title={name}>{name}</dt>
          <dd>
            <div className="mdl-LongText">{value}</div>
          </dd>
        </React.Fragment>
      ))}
    </dl>
  );
}
