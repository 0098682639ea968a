/** The translation domain of this extension. */
export const DOMAIN = 'mdeploy_lab';
