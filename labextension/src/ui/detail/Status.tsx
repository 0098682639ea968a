/** Whether it is up, whether it answers and with what, and when it failed: why, and how to mend it. */

import * as React from 'react';
import type { Deployment, Failure } from '../../api/types';
import { reachable } from '../endpoint';
import { useHost, type Translator } from '../host';
import { CopyUrl } from '../kit/CopyUrl';
import { Problem } from '../kit/Problem';
import { Section } from '../kit/Section';
import { StateChip } from '../kit/StateChip';
import { LineCard } from '../line/LineButton';
import { useAgo } from '../time';

export function Status({ deployment }: { deployment: Deployment }): React.ReactElement {
  const { trans, endpointBase } = useHost();
  const { spec, status } = deployment;
  const { url, localOnly } = reachable(deployment, endpointBase);
  return (
    <Section title={trans.__('Status')}>
      {status.failure !== null && <Cause failure={status.failure} />}
      <dl className="mdl-Facts mdl-mod-whole">
        <dt>{trans.__('Status')}</dt>
        <dd>
          <StateChip state={status.state} />
          {status.changed_at !== null && <Since at={status.changed_at} />}
        </dd>
        <dt>{trans.__('Message')}</dt>
        <dd>{status.message || '—'}</dd>
        <dt>{trans.__('Health')}</dt>
        <dd>
          <HealthWord deployment={deployment} />
        </dd>
        <dt>{trans.__('Endpoint')}</dt>
        <dd>
          {url === '' ? '—' : <CopyUrl url={url} />}
          {localOnly && (
            <p className="mdl-Hint">{trans.__('Reachable only on the machine that Jupyter runs on')}</p>
          )}
        </dd>
        {deployment.api_url !== '' && (
          <>
            <dt>{trans.__('API endpoint')}</dt>
            <dd>
              <CopyUrl url={deployment.api_url} />
            </dd>
          </>
        )}
        <dt>{trans.__('Access Type')}</dt>
        <dd>
          {spec.public
            ? trans.__('Public: whoever reaches the URL may ask')
            : trans.__('Private: clients with a token may ask')}
        </dd>
      </dl>
    </Section>
  );
}

function Since({ at }: { at: string }): React.ReactElement {
  const { locale } = useHost();
  const when = useAgo(at);
  return (
    <span className="mdl-Soft" title={new Date(at).toLocaleString(locale)}>
      {when}
    </span>
  );
}

function HealthWord({ deployment }: { deployment: Deployment }): React.ReactElement {
  const { trans } = useHost();
  const { health } = deployment.status;
  const word = {
    healthy: trans.__('Healthy'),
    unhealthy: trans.__('Unhealthy'),
    unknown: trans.__('Unknown')
  }[health];
  return (
    <>
      <span className={`mdl-Chip mdl-Health-${health}`}>
        <span className="mdl-Chip-dot" aria-hidden="true" />
        {word}
      </span>
      <span>{answers(deployment, trans)}</span>
    </>
  );
}

/** With which version it answers, and whether that is the intended one. */
export function answers({ spec, status }: Deployment, trans: Translator): string {
  const serving = status.serving.filter(target => target.percent > 0).map(target => target.revision);
  const named = serving.join(', ');
  if (serving.length === 0) {
    return spec.stopped ? trans.__('stopped: it answers 503') : trans.__('nothing answers now');
  }
  if (spec.traffic !== null) {
    return trans._n(
      'answers with revision %2, as the traffic is set',
      'answers with revisions %2, as the traffic is set',
      serving.length,
      named
    );
  }
  return serving.length === 1 && serving[0] === status.revision
    ? trans.__('answers with revision %1, the intended one', named)
    : trans.__('answers with revision %1 while revision %2 is wanted', named, status.revision);
}

function Cause({ failure }: { failure: Failure }): React.ReactElement {
  const { trans } = useHost();
  return (
    <Problem problem={failure}>
      {failure.fix !== '' && (
        <div className="mdl-Fix">
          <p>{trans.__('A cell that mends it:')}</p>
          <LineCard code={failure.fix} />
        </div>
      )}
    </Problem>
  );
}
