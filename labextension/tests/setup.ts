/** A view is loaded when it is shown; on a busy machine that takes a while. */

import { configure } from '@testing-library/react';

configure({ asyncUtilTimeout: 15_000 });
