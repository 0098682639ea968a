/** How a client calls an endpoint. */

/** A command that asks for the token: none stands in a command line, where everybody on the machine reads it. */
export function curlOf(url: string, way: string): string {
  return `curl ${way} -H 'Content-Type: application/json' -d @rows.json ${url}/invocations`;
}
