import { backend } from "../../backend.js";

export const dynamic = "force-dynamic";

export default async function Component() {
  return <pre>{JSON.stringify(await backend(process.env.DAEGEUM_URL))}</pre>;
}
