/** The receipt: rows answered over HTTP, compared with what the notebook's own model answered. */

import * as React from 'react';
import type { Receipt } from '../../api/types';
import { useHost } from '../host';
import { CheckIcon, WarningIcon } from '../kit/icons';
import { Section } from '../kit/Section';
import { useAgo } from '../time';

/** More rows than this help nobody. */
const SHOWN = 5;

export function Parity({ receipt }: { receipt: Receipt | null }): React.ReactElement | null {
  const { trans } = useHost();
  return receipt === null ? null : (
    <Section title={trans.__('Parity receipt')}>
      <ReceiptText receipt={receipt} />
    </Section>
  );
}

function ReceiptText({ receipt }: { receipt: Receipt }): React.ReactElement {
  const { trans } = useHost();
  const when = useAgo(receipt.checked_at);
  const same = receipt.agreed === receipt.rows;
  return (
    <>
      <p className={`mdl-Receipt ${same ? 'mdl-mod-same' : 'mdl-mod-differs'}`}>
        {same ? <CheckIcon /> : <WarningIcon />}
        <span>
          {trans.__(
            'Revision %1 answered %2 of %3 rows as the notebook did',
            receipt.revision,
            receipt.agreed,
            receipt.rows
          )}{' '}
          <span className="mdl-Soft" title={new Date(receipt.checked_at).toLocaleString()}>
            {when}
          </span>
        </span>
      </p>
      {receipt.overridden && (
        <p className="mdl-Hint">{trans.__('It serves all the same: parity is not asked for.')}</p>
      )}
      {receipt.mismatches.length > 0 && (
        <div className="mdl-TableFrame" tabIndex={0} role="region" aria-label={trans.__('Rows that differ')}>
          <table className="mdl-SmallTable">
            <thead>
              <tr>
                <th scope="col">{trans.__('Row')}</th>
                <th scope="col">{trans.__('Notebook')}</th>
                <th scope="col">{trans.__('Endpoint')}</th>
              </tr>
            </thead>
            <tbody>
              {receipt.mismatches.slice(0, SHOWN).map(each => (
                <tr key={each.row}>
                  <td>{each.row}</td>
                  <td className="mdl-mod-code">{JSON.stringify(each.expected)}</td>
                  <td className="mdl-mod-code">{JSON.stringify(each.got)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  );
}
