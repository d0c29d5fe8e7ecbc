// The demo service that the clients run against, and the activity that each of them creates.

const environment = (name: string): string => {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
};

export const url = environment('TASKFORCE_URL');
export const credentials = { email: 'chair@demo.example', password: environment('TASKFORCE_PASSWORD') };
export const newActivity = { title: { ar: 'تجربة العميل', en: 'Try the client' }, step: 'pilots' as const };

export function expect(holds: boolean, answer: unknown): asserts holds {
  if (!holds) throw new Error(`not the expected answer: ${JSON.stringify(answer)}`);
}
