/** An edited form is not left without a question. */

import * as React from 'react';
import { useMount } from '../context';
import { useHost } from '../host';
import { Confirm } from '../kit/Confirm';

/** The question that is open. */
interface Asked {
  say: (leave: boolean) => void;
}

/**
 * Ask before the view is left while `edited`; `onLeave` forgets what was typed.
 *
 * Returns the question while it is asked, and how to leave without one.
 */
export function useLeaving(edited: boolean, onLeave: () => void): [React.ReactNode, () => void] {
  const { trans } = useHost();
  const { navigation } = useMount();
  const [answer, setAnswer] = React.useState<Asked | null>(null);
  const release = React.useRef<() => void>(() => undefined);
  React.useEffect(() => {
    if (edited) {
      release.current = navigation.guard(
        () =>
          new Promise(resolve =>
            setAnswer(earlier => {
              earlier?.say(false);
              return { say: resolve };
            })
          )
      );
    }
    return () => release.current();
  }, [edited, navigation]);
  const say = (leave: boolean): void => {
    if (leave) {
      onLeave();
    }
    answer?.say(leave);
    setAnswer(null);
  };
  const question = answer !== null && (
    <Confirm
      title={trans.__('Leave this form?')}
      action={trans.__('Leave')}
      danger
      onConfirm={() => say(true)}
      onClose={() => say(false)}
    >
      <p>{trans.__('What you typed here was not sent. It will be lost.')}</p>
    </Confirm>
  );
  return [question, () => release.current()];
}
