"""The demo shop searched with real sentence vectors: right answers are found, off-topic questions are refused."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from importlib.resources import files

import pytest

from server.knowledge import Entry, KnowledgeBase, parse
from server.speech.engines import SpeechEngines
from server.speech.providers import offline_engines
from server.storage import Database
from server.tenants.tables import TenantRow
from tests.fakes.clock import FakeClock
from tests.fixtures.speech.questions import CACHE

pytestmark = [pytest.mark.speech, pytest.mark.timeout(300)]

# Each question with the place of its answer in the demo shop.
QUESTIONS = {
    "fr": (
        ("À quelle heure ouvrez-vous le samedi ?", 0),
        ("Vous êtes ouverts le dimanche ?", 0),
        ("Quelle est l'adresse de la boutique ?", 1),
        ("Je reçois mon colis quand ?", 2),
        ("C'est combien les frais de port ?", 3),
        ("Est-ce que vous envoyez en Suisse ?", 4),
        ("Je veux renvoyer une théière", 5),
        ("Au bout de combien de temps je récupère mon argent ?", 6),
        ("Puis-je payer avec PayPal ?", 7),
        ("Quelle taille prendre ?", 8),
        ("Où en est ma commande ?", 9),
        ("Je voudrais annuler ma commande", 10),
        ("Vous avez des chèques cadeaux ?", 11),
        ("Comment vous joindre ?", 12),
        ("Ma théière est arrivée cassée", 13),
        ("Pouvez-vous faire un paquet cadeau ?", 14),
        ("Je peux venir chercher mon colis au magasin ?", 15),
    ),
    "en": (
        ("What time do you open on Saturday?", 0),
        ("Are you open on Sunday?", 0),
        ("What's your address?", 1),
        ("When will my parcel arrive?", 2),
        ("How much is shipping?", 3),
        ("Do you deliver to Switzerland?", 4),
        ("I want to send back a teapot", 5),
        ("When do I get my money back?", 6),
        ("Can I pay with PayPal?", 7),
        ("Which size should I take?", 8),
        ("Where is my order?", 9),
        ("I'd like to cancel my order", 10),
        ("Do you have gift vouchers?", 11),
        ("How can I reach you?", 12),
        ("My teapot arrived broken", 13),
        ("Can you wrap it as a present?", 14),
        ("Can I pick up my order at the store?", 15),
    ),
    "es": (
        ("¿A qué hora abren el sábado?", 0),
        ("¿Abren los domingos?", 0),
        ("¿Cuál es la dirección de la tienda?", 1),
        ("¿Cuándo llega mi paquete?", 2),
        ("¿Cuánto valen los gastos de envío?", 3),
        ("¿Envían a Suiza?", 4),
        ("Quiero devolver un té", 5),
        ("¿Cuándo me devuelven el dinero?", 6),
        ("¿Puedo pagar con PayPal?", 7),
        ("¿Qué tamaño debo elegir?", 8),
        ("¿Dónde está mi pedido?", 9),
        ("Quiero cancelar mi pedido", 10),
        ("¿Tienen tarjetas regalo?", 11),
        ("¿Cómo puedo contactarles?", 12),
        ("Mi tetera ha llegado rota", 13),
        ("¿Pueden envolverlo para regalo?", 14),
        ("¿Puedo recoger el pedido en la tienda?", 15),
    ),
    "ar": (
        ("متى تفتحون يوم السبت؟", 0),
        ("ما هو عنوان المتجر؟", 1),
        ("متى يصل طردي؟", 2),
        ("كم سعر الشحن؟", 3),
        ("هل تشحنون إلى سويسرا؟", 4),
        ("أريد إرجاع علبة شاي", 5),
        ("هل يمكنني الدفع بباي بال؟", 7),
        ("أريد إلغاء طلبي", 10),
        ("كيف أتصل بكم؟", 12),
    ),
}
OFF_TOPIC = (
    "Quelle est la capitale de l'Australie ?",
    "Qui a gagné la coupe du monde en 1998 ?",
    "Racontez-moi une blague",
    "Quel temps fera-t-il demain ?",
    "Comment faire une pizza ?",
    "Who is the president of France?",
    "What is the capital of Australia?",
    "How tall is Mount Everest?",
    "Tell me a joke",
    "What's the weather like tomorrow?",
    "How do I bake bread?",
    "Can you recommend a good movie?",
    "¿Quién ganó el mundial de fútbol?",
    "¿Cuál es la capital de Australia?",
    "¿Qué tiempo hará mañana?",
    "Cuéntame un chiste",
    "¿Cómo se hace una paella?",
    "ما هي عاصمة أستراليا؟",
    "من فاز بكأس العالم؟",
    "Do you repair bicycles?",
    "Vendez-vous des ordinateurs ?",
)
# What the built-in search does today; raise these when it gets better.
FOUND_AT_LEAST = {"fr": 14, "en": 13, "es": 14, "ar": 5}
REFUSED_AT_LEAST = 17


def demo(language: str) -> list[Entry]:
    name = f"shop.{language}.json"
    return parse(name, (files("server.knowledge") / "demo" / name).read_bytes(), language)


@pytest.fixture(scope="module")
def engines() -> Iterator[SpeechEngines]:
    engines = offline_engines(CACHE)
    yield engines
    asyncio.run(engines.close())


@pytest.fixture
async def shop(
    sqlite_database: Database, clock: FakeClock, engines: SpeechEngines
) -> AsyncIterator[tuple[KnowledgeBase, int]]:
    await engines.warmed(240)
    async with sqlite_database.transaction() as session:
        tenant = TenantRow(uid="ten_1", name="Shop", plan="free", language="fr", created_at=clock.now())
        session.add(tenant)
        await session.flush()
        tenant_id = tenant.id
    base = KnowledgeBase(sqlite_database, engines.embedder, clock)
    for language in QUESTIONS:
        await base.replace(tenant_id, f"shop.{language}.json", demo(language))
    yield base, tenant_id
    await base.close()


@pytest.mark.parametrize("language", QUESTIONS)
async def test_answers_are_found_in_the_language_of_the_question(
    language: str, shop: tuple[KnowledgeBase, int]
) -> None:
    knowledge = shop[0].bound(shop[1], "agt_1")
    answers = demo(language)
    missed: list[str] = []
    for question, place in QUESTIONS[language]:
        found = await knowledge.search(question, limit=1)
        if not found or found[0].text != answers[place].text:
            missed.append(f"{question} -> {found[0].title if found else None}")
    assert len(QUESTIONS[language]) - len(missed) >= FOUND_AT_LEAST[language], missed


async def test_off_topic_questions_are_refused(shop: tuple[KnowledgeBase, int]) -> None:
    knowledge = shop[0].bound(shop[1], "agt_1")
    answered = [question for question in OFF_TOPIC if await knowledge.search(question, limit=1)]
    assert len(OFF_TOPIC) - len(answered) >= REFUSED_AT_LEAST, answered
