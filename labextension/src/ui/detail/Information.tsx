/** What the deployment is, field by field, and the cell that makes another one like it. */

import * as React from 'react';
import type { Deployment } from '../../api/types';
import { useHost } from '../host';
import { Section } from '../kit/Section';
import * as commands from '../line/commands';
import { LineButton } from '../line/LineButton';
import type { Command } from '../line/line';
import { useAgo } from '../time';

export function Information({ deployment }: { deployment: Deployment }): React.ReactElement {
  const { trans } = useHost();
  const { spec, status } = deployment;
  const { template } = spec;
  const { wanted, ready } = status.replicas;
  return (
    <Section
      title={trans.__('Information')}
      actions={<LineButton command={asCell(deployment)} action={trans.__('Deploy one like %1', spec.name)} />}
    >
      <dl className="mdl-Facts mdl-mod-whole">
        <Fact label={trans.__('Deployment Name')}>{spec.name}</Fact>
        <Fact label={trans.__('ID')} code>
          {deployment.id}
        </Fact>
        <Fact label={trans.__('Group')}>{spec.group}</Fact>
        {template.image !== '' && (
          <Fact label={trans.__('Model Image')} code>
            {template.image}
          </Fact>
        )}
        <ModelFacts deployment={deployment} />
        <Fact label={trans.__('Replicas')}>
          {spec.max_replicas === null
            ? trans.__('%1 of %2 ready', ready, wanted)
            : trans.__('%1 of %2 ready, between %3 and %4', ready, wanted, spec.replicas, spec.max_replicas)}
        </Fact>
        <Fact label={trans.__('Instance Type')}>{template.instance_type}</Fact>
        <Fact label={trans.__('Creation Time')}>
          <When at={deployment.created_at} by={deployment.created_by} />
        </Fact>
        <Fact label={trans.__('Last Updated')}>
          <When at={deployment.updated_at} by={deployment.updated_by} />
        </Fact>
        <Fact label={trans.__('Description')}>
          {spec.description === '' ? '—' : <div className="mdl-LongText">{spec.description}</div>}
        </Fact>
      </dl>
    </Section>
  );
}

function ModelFacts({ deployment }: { deployment: Deployment }): React.ReactElement {
  const { trans } = useHost();
  const { model, runtime } = deployment.spec.template;
  return (
    <>
      <Fact label={trans.__('Model URI')} code>
        {model.uri}
      </Fact>
      {model.requested !== '' && model.requested !== model.uri && (
        <Fact label={trans.__('Asked for as')} code>
          {model.requested}
        </Fact>
      )}
      {model.run_id !== '' && (
        <Fact label={trans.__('Source Run')} code>
          {model.run_id}
        </Fact>
      )}
      {model.flavors.length > 0 && <Fact label={trans.__('Flavors')}>{model.flavors.join(', ')}</Fact>}
      <Fact label={trans.__('Method')} code>
        {runtime.method}
      </Fact>
      {runtime.isolate && (
        <Fact label={trans.__('Environment')}>{trans.__('its own, from the model’s requirements')}</Fact>
      )}
    </>
  );
}

function Fact(props: { label: string; code?: boolean; children: React.ReactNode }): React.ReactElement {
  return (
    <>
      <dt>{props.label}</dt>
      <dd className={props.code === true ? 'mdl-mod-code' : undefined}>{props.children}</dd>
    </>
  );
}

function When({ at, by }: { at: string; by: string }): React.ReactElement {
  const { trans } = useHost();
  const when = useAgo(at);
  return (
    <time dateTime={at} title={new Date(at).toLocaleString()}>
      {trans.__('%1 by %2', when, by)}
    </time>
  );
}

/** The command that makes a deployment like this one. */
export function asCell({ id, spec }: Deployment): Command {
  const { template } = spec;
  const { model, runtime } = template;
  return commands.deploy(
    { uri: model.requested || model.uri },
    {
      name: spec.name,
      id,
      group: spec.group === 'default' ? undefined : spec.group,
      replicas: spec.replicas === 1 ? undefined : spec.replicas,
      max_replicas: spec.max_replicas,
      instance_type: template.instance_type,
      public: spec.public ? true : undefined,
      env: template.env,
      secret_env: template.secret_env,
      metadata: spec.metadata,
      description: spec.description || undefined,
      api_name: spec.api_name || undefined,
      method: runtime.method === 'predict' ? undefined : runtime.method,
      isolate: runtime.isolate ? true : undefined
    }
  );
}
