/** Questions before something is lost: one that wants the name typed, and one with two plain answers. */

import * as React from 'react';
import { useHost } from '../host';
import { Dialog } from './Dialog';

export interface ConfirmNameProps {
  title: string;
  /** What has to be typed. */
  name: string;
  action: string;
  onConfirm: () => void;
  onClose: () => void;
  children: React.ReactNode;
}

export function ConfirmName(props: ConfirmNameProps): React.ReactElement {
  const { trans } = useHost();
  const [typed, setTyped] = React.useState('');
  const right = typed === props.name;
  return (
    <Dialog title={props.title} onClose={props.onClose}>
      <form
        className="mdl-Dialog-body"
        onSubmit={event => {
          event.preventDefault();
          if (right) {
            props.onConfirm();
          }
        }}
      >
        {props.children}
        <label className="mdl-Field">
          <span className="mdl-Field-label">{trans.__('Type %1 to confirm', props.name)}</span>
          <input
            className="mdl-Input"
            value={typed}
            autoComplete="off"
            spellCheck={false}
            onChange={event => setTyped(event.target.value)}
          />
        </label>
        <div className="mdl-Dialog-foot">
          <button type="button" className="mdl-Button" onClick={props.onClose}>
            {trans.__('Cancel')}
          </button>
          <button
            type="submit"
            className="mdl-Button mdl-mod-danger"
            aria-disabled={!right}
            title={right ? undefined : trans.__('Type the name first')}
          >
            {props.action}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

export interface ConfirmProps {
  title: string;
  action: string;
  danger?: boolean;
  onConfirm: () => void;
  onClose: () => void;
  children?: React.ReactNode;
}

export function Confirm(props: ConfirmProps): React.ReactElement {
  const { trans } = useHost();
  return (
    <Dialog title={props.title} onClose={props.onClose}>
      <div className="mdl-Dialog-body">
        {props.children}
        <div className="mdl-Dialog-foot">
          <button type="button" className="mdl-Button" onClick={props.onClose}>
            {trans.__('Cancel')}
          </button>
          <button
            type="button"
            className={`mdl-Button ${props.danger === true ? 'mdl-mod-danger' : 'mdl-mod-primary'}`}
            onClick={props.onConfirm}
          >
            {props.action}
          </button>
        </div>
      </div>
    </Dialog>
  );
}
