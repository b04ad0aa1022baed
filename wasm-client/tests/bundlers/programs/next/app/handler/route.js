import { backend } from "../../backend.js";

export const dynamic = "force-dynamic";

export async function GET() {
  return Response.json(await backend(process.env.DAEGEUM_URL));
}
