/** What came back: its status in a word, who answered and how quickly, and the answer in three ways. */

import * as React from 'react';
import { answerPath } from '../../api/client';
import type { Description, PredictResult } from '../../api/types';
import { useMount } from '../context';
import { useHost } from '../host';
import { Notice } from '../kit/Notice';
import { Problem } from '../kit/Problem';
import { Segments } from '../kit/Segments';
import { outputsOf } from './answer';
import { field, parse, type Json } from './json';
import { OutputView, type View } from './OutputView';
import { Summary } from './Summary';
import type { Answered } from './session';
import { bytes, refusal } from './words';

export interface AnswerViewProps {
  id: string;
  answered: Answered;
  description: Description | undefined;
}

export function AnswerView({ id, answered, description }: AnswerViewProps): React.ReactElement {
  const { result, error, sent } = answered;
  const { trans } = useHost();
  const parsed = React.useMemo(() => {
    const found = result === null || result.truncated ? null : parse(result.text);
    return found !== null && 'value' in found ? found.value : null;
  }, [result]);
  if (result === null) {
    const status = Number(error?.details['status'] ?? 0);
    const said = refusal(status, trans);
    return (
      <div className="mdl-Query-result">
        {said !== '' && <p>{said}</p>}
        {error !== null && <Problem alert problem={error} />}
      </div>
    );
  }
  return (
    <div className="mdl-Query-result">
      <Summary result={result} />
      {result.status >= 400 ? (
        <Refused id={id} result={result} body={parsed} />
      ) : (
        <Shown answered={answered} result={result} value={parsed} description={description} />
      )}
      {result.truncated && <Cut id={id} result={result} />}
      {result.body_base64 !== '' && (
        <a
          className="mdl-Button"
          download={`${id}-answer.bin`}
          href={`data:application/octet-stream;base64,${result.body_base64}`}
        >
          {trans.__('Download the answer, which is no text')}
        </a>
      )}
      {sent.source !== null && answered.kernelError !== '' && (
        <Problem
          problem={{ message: trans.__('The kernel did not answer: %1', answered.kernelError), hint: '' }}
        />
      )}
    </div>
  );
}

function Refused({
  id,
  result,
  body
}: {
  id: string;
  result: PredictResult;
  body: Json;
}): React.ReactElement {
  const { trans } = useHost();
  const { navigation } = useMount();
  const text = (name: string): string => {
    const found = field(body, name);
    return typeof found === 'string' ? found : '';
  };
  const said = refusal(result.status, trans);
  const message = text('message') || text('error') || said || trans.__('The endpoint refused the request.');
  return (
    <>
      {message !== said && said !== '' && <p>{said}</p>}
      <Problem alert problem={{ message, hint: text('hint'), evidence: result.text }} />
      {result.status >= 500 && (
        <button
          type="button"
          className="mdl-Button"
          onClick={() => void navigation.go({ view: 'deployment', id, tab: 'logs' })}
        >
          {trans.__('Show the logs')}
        </button>
      )}
    </>
  );
}

interface ShownProps {
  answered: Answered;
  result: PredictResult;
  value: Json;
  description: Description | undefined;
}

function Shown({ answered, result, value, description }: ShownProps): React.ReactElement {
  const { trans } = useHost();
  const [view, setView] = React.useState<View>('table');
  const { sent, kernel } = answered;
  const outputs = React.useMemo(() => {
    const names = description?.signature?.outputs?.map(each => each.name) ?? [];
    return result.truncated || value === null
      ? []
      : outputsOf(sent.dialect, value, names, sent.io === 'multi');
  }, [description, result, sent, value]);
  const flat = outputs.some(each => each.table !== null);
  const json = value !== null;
  const chosen: View =
    view === 'table' && !flat ? (json ? 'json' : 'raw') : view === 'json' && !json ? 'raw' : view;
  if (result.body_base64 !== '') {
    return <p>{trans.__('The answer is no text.')}</p>;
  }
  return (
    <>
      <Segments
        label={trans.__('Show the answer as')}
        segments={[
          {
            id: 'table',
            label: trans.__('Table'),
            because: flat ? undefined : trans.__('The answer is no table')
          },
          {
            id: 'json',
            label: trans.__('JSON'),
            because: json ? undefined : trans.__('The answer is no JSON')
          },
          { id: 'raw', label: trans.__('Raw') }
        ]}
        chosen={chosen}
        onChoose={setView}
      />
      {chosen === 'raw' ? (
        <pre className="mdl-Query-raw" tabIndex={0} aria-label={trans.__('The answer as it came')} dir="ltr">
          {result.text}
        </pre>
      ) : (
        outputs.map((output, at) => (
          <OutputView key={at} output={output} view={chosen} kernel={at === 0 ? kernel : null} />
        ))
      )}
    </>
  );
}

function Cut({ id, result }: { id: string; result: PredictResult }): React.ReactElement {
  const { trans, locale, download } = useHost();
  const [problem, setProblem] = React.useState('');
  const size = bytes(result.size, locale);
  const kept = result.answer !== '';
  const action = {
    label: trans.__('Download the whole answer'),
    onClick: () => {
      setProblem('');
      download(answerPath(id, result.answer), `${id}-answer.json`).catch((error: unknown) =>
        setProblem(error instanceof Error ? error.message : String(error))
      );
    }
  };
  return (
    <Notice title={trans.__('The answer has %1: this is its beginning', size)} {...(kept ? { action } : {})}>
      <p>
        {kept
          ? trans.__('The whole is kept for ten minutes, and is not asked from the model again.')
          : trans.__('It was too large to be kept: send fewer rows at a time.')}
      </p>
      {problem !== '' && <p role="alert">{problem}</p>}
    </Notice>
  );
}
