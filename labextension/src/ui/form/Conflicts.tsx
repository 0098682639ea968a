/** Somebody else changed the deployment meanwhile: what was taken over, and what has to be chosen. */

import * as React from 'react';
import { useHost } from '../host';
import { WarningIcon } from '../kit/icons';
import { useAgo } from '../time';
import type { Edit, News } from './edit';
import type { Conflict } from './merge';
import { labelOf, valueWord } from './words';

export interface ConflictsProps {
  edit: Edit;
  onChoose: (path: string, whose: 'mine' | 'theirs') => void;
  onSeen: () => void;
}

export function Conflicts({ edit, onChoose, onSeen }: ConflictsProps): React.ReactElement | null {
  const { trans } = useHost();
  const { news, conflicts } = edit;
  if (news === null) {
    return null;
  }
  return (
    <section className="mdl-Merge" role="alert" aria-label={trans.__('Changed meanwhile')}>
      <p className="mdl-Merge-title">
        <WarningIcon />
        <Who news={news} />
      </p>
      {news.taken.length > 0 && (
        <>
          <p>{trans.__('Taken over into this form, because you did not change it:')}</p>
          <ul className="mdl-Merge-list">
            {news.taken.map(({ path, before, after }) => (
              <li key={path}>
                <strong>{labelOf(path, trans)}</strong>{' '}
                <bdi className="mdl-Merge-value">{valueWord(before, trans)}</bdi> →{' '}
                <bdi className="mdl-Merge-value">{valueWord(after, trans)}</bdi>
              </li>
            ))}
          </ul>
        </>
      )}
      {conflicts.length > 0 && <p>{trans.__('You both changed these. Choose:')}</p>}
      {conflicts.map(each => (
        <Choice key={each.path} conflict={each} onChoose={onChoose} />
      ))}
      {conflicts.length === 0 && (
        <button type="button" className="mdl-Button" onClick={onSeen}>
          {trans.__('Understood')}
        </button>
      )}
    </section>
  );
}

function Who({ news }: { news: News }): React.ReactElement {
  const { trans } = useHost();
  const ago = useAgo(news.at);
  return (
    <span title={new Date(news.at).toLocaleString()}>
      {trans.__('%1 changed this deployment %2', news.actor, ago)}
    </span>
  );
}

interface ChoiceProps {
  conflict: Conflict;
  onChoose: ConflictsProps['onChoose'];
}

function Choice({ conflict, onChoose }: ChoiceProps): React.ReactElement {
  const { trans } = useHost();
  const label = labelOf(conflict.path, trans);
  return (
    <div className="mdl-Merge-choice" role="group" aria-label={label}>
      <strong>{label}</strong>
      <dl className="mdl-Facts">
        <dt>{trans.__('Yours')}</dt>
        <dd title={conflict.mine}>{valueWord(conflict.mine, trans)}</dd>
        <dt>{trans.__('Theirs')}</dt>
        <dd title={conflict.theirs}>{valueWord(conflict.theirs, trans)}</dd>
      </dl>
      <div className="mdl-Part-buttons">
        <button
          type="button"
          className="mdl-Button"
          aria-label={trans.__('Keep yours: %1', label)}
          onClick={() => onChoose(conflict.path, 'mine')}
        >
          {trans.__('Keep yours')}
        </button>
        <button
          type="button"
          className="mdl-Button"
          aria-label={trans.__('Take theirs: %1', label)}
          onClick={() => onChoose(conflict.path, 'theirs')}
        >
          {trans.__('Take theirs')}
        </button>
      </div>
    </div>
  );
}
